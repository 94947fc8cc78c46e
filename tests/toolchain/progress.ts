/** From this age on, a step says that it is still at work. */
const QUIET_MS = 2_000;
const REPEAT_MS = 10_000;

/** Reports steps on stderr: a step that takes more than two seconds shows what it does and for how long. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  let announced = false;
  const announce = () => {
    announced = true;
    say(`${what}: ${elapsed(start)} …`);
  };
  const first = setTimeout(announce, QUIET_MS);
  const repeat = setInterval(announce, REPEAT_MS);
  try {
    const result = await work();
    if (announced) say(`${what}: done in ${elapsed(start)}`);
    return result;
  } catch (cause) {
    say(`${what}: failed after ${elapsed(start)}`);
    throw cause;
  } finally {
    clearTimeout(first);
    clearInterval(repeat);
  }
}

/** One line for the person who waits. */
export function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

function elapsed(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
