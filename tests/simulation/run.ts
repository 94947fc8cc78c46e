/**
 * deno run -A tests/simulation/run.ts --schedules 100000     many schedules, from seed 1 or --from
 * deno run -A tests/simulation/run.ts --seed 4711            one schedule with its trace
 *
 * The many end with what one life of a VM costs in writes, and with "N passed, N failed".
 */
import { parseArgs } from "node:util";
import { inTurnOfItsOwn } from "./turn.ts";
import { type Outcome, simulate, Simulation, writesOfOneLife } from "./simulation.ts";

const PROGRESS_MS = 5_000;
const FAILURES_SHOWN_MAX = 20;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function replay(seed: number): Promise<boolean> {
  const { outcome, state } = await inTurnOfItsOwn(() => {
    const simulation = new Simulation({ seed, write: print });
    return { outcome: simulation.run(), state: simulation.describe() };
  });
  for (const line of state) print(line);
  print(describe(outcome));
  return outcome.violation === undefined;
}

async function runMany({ from, count }: { from: number; count: number }): Promise<boolean> {
  const startMs = performance.now();
  let toldMs = startMs;
  const sum = { steps: 0, writes: 0, guests: 0, failures: 0, convergedMsMax: 0 };
  for (let done = 0; done < count; done++) {
    const outcome = await simulate({ seed: from + done });
    sum.steps += outcome.steps;
    sum.writes += outcome.writes;
    sum.guests += outcome.guests;
    sum.convergedMsMax = Math.max(sum.convergedMsMax, outcome.convergedMs);
    if (outcome.violation !== undefined && sum.failures++ < FAILURES_SHOWN_MAX) {
      print(`seed ${outcome.seed}: ${outcome.violation}`);
    }
    if (performance.now() - toldMs < PROGRESS_MS) continue;
    toldMs = performance.now();
    const perSecond = (done + 1) / ((toldMs - startMs) / 1000);
    print(`${done + 1} of ${count}, ${perSecond.toFixed(0)}/s, ${sum.failures} failed`);
  }
  const seconds = (performance.now() - startMs) / 1000;
  print(
    `${count} schedules in ${seconds.toFixed(1)} s (${(count / seconds).toFixed(0)}/s): ` +
      `${sum.steps} steps, ${sum.writes} writes, ${sum.guests} guests, ` +
      `slowest convergence ${(sum.convergedMsMax / 1000).toFixed(0)} s`,
  );
  const life = await writesOfOneLife(from);
  print(`one life of a VM without faults: ${life.length} writes: ${life.join(", ")}`);
  print(`${count - sum.failures} passed, ${sum.failures} failed`);
  return sum.failures === 0;
}

function describe(
  { seed, violation, steps, virtualMs, convergedMs, writes, guests }: Outcome,
): string {
  const seconds = (virtualMs / 1000).toFixed(0);
  return `seed ${seed}: ${
    violation ?? "all invariants hold"
  } (${steps} steps, ${seconds} s virtual, ` +
    `calm after ${(convergedMs / 1000).toFixed(1)} s, ${writes} writes, ${guests} guests)`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      schedules: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
    },
  });
  const passed = values.seed !== undefined
    ? await replay(Number(values.seed))
    : await runMany({ from: Number(values.from), count: Number(values.schedules) });
  Deno.exit(passed ? 0 : 1);
}
