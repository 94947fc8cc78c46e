/** Longest output that is kept of a command: it is for answers and error messages, not for data. */
const OUTPUT_BYTES_MAX = 1024 * 1024;
const ERROR_TEXT_MAX = 2_000;
/** What was told to end and has not is ended after this. */
const KILL_AFTER_MS = 2_000;

export interface RunOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Working directory. */
  cwd?: string;
}

/** A program that did not end with code 0. */
export class CommandError extends Error {
  override name = "CommandError";
}

/**
 * Runs a program to its end, bounded in time, with an empty environment but PATH and a C locale.
 * @throws CommandError with the end of its stderr; the arguments are not repeated in it.
 */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  { timeoutMs, signal, cwd }: RunOptions,
): Promise<{ stdout: string }> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const command = new Deno.Command(program, {
    // With a group of its own: what it has started ends with it.
    detached: true,
    args,
    ...(cwd === undefined ? {} : { cwd }),
    clearEnv: true,
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const output = await outputOf(
    command,
    signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  ).catch((cause) => {
    throw new CommandError(`Cannot run ${program}`, { cause });
  });
  if (!output.success) {
    const why = timeout.aborted
      ? `must end within ${timeoutMs} ms`
      : decode(output.stderr).trim().slice(-ERROR_TEXT_MAX);
    throw new CommandError(`Cannot run ${program}: it ended with code ${output.code}: ${why}`);
  }
  return { stdout: decode(output.stdout) };
}

/** Resolves when nothing has its output any more: soon after the abort at the latest. */
async function outputOf(command: Deno.Command, signal: AbortSignal): Promise<Deno.CommandOutput> {
  const child = command.spawn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    kill(child.pid, "SIGTERM");
    timer = setTimeout(() => kill(child.pid, "SIGKILL"), KILL_AFTER_MS);
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    return await child.output();
  } finally {
    signal.removeEventListener("abort", end);
    clearTimeout(timer);
  }
}

/** A group, by its first process. */
function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    // It has ended, and somebody else has its output.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, OUTPUT_BYTES_MAX));
}
