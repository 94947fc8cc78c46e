/**
 * deno task simulate --schedules 100000     many schedules on all cores, from seed 1 or --from
 * deno task simulate --seed 4711            one schedule with its trace
 * deno task simulate --mutations            deliberate faults of the product, and the first of --schedules that notices each
 *
 * The many end with what one life of a VM costs in writes, and with "N passed, N failed".
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { catchMutation } from "./catch_mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { simulateInParallel } from "./parallel.ts";
import { type Outcome, Simulation, writesOfOneLife } from "./simulation.ts";
import { inTurnOfItsOwn } from "./turn.ts";

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

interface ManyOptions {
  from: number;
  count: number;
  failuresMax: number;
  workers: number;
}

async function runMany({ from, count, failuresMax, workers }: ManyOptions): Promise<boolean> {
  const startMs = performance.now();
  const startCpuMs = cpuMs();
  let toldMs = startMs;
  const sum = { steps: 0, writes: 0, guests: 0, failures: 0, convergedMsMax: 0 };
  let done = 0;
  const onOutcomes = (outcomes: readonly Outcome[]): boolean => {
    for (const outcome of outcomes) {
      done++;
      sum.steps += outcome.steps;
      sum.writes += outcome.writes;
      sum.guests += outcome.guests;
      sum.convergedMsMax = Math.max(sum.convergedMsMax, outcome.convergedMs);
      if (outcome.violation === undefined || sum.failures++ >= FAILURES_SHOWN_MAX) continue;
      print(`seed ${outcome.seed}: ${outcome.violation}`);
    }
    if (performance.now() - toldMs >= PROGRESS_MS) {
      toldMs = performance.now();
      const perSecond = done / ((toldMs - startMs) / 1000);
      print(`${done} of ${count}, ${perSecond.toFixed(0)}/s, ${sum.failures} failed`);
    }
    return sum.failures < failuresMax;
  };
  await simulateInParallel({ from, count, workers, onOutcomes });
  const seconds = (performance.now() - startMs) / 1000;
  const perSecond = (done / seconds).toFixed(0);
  const perCoreSecond = (done / ((cpuMs() - startCpuMs) / 1000)).toFixed(0);
  print(
    `${done} schedules in ${seconds.toFixed(1)} s (${perSecond}/s with ${workers} workers, ` +
      `${perCoreSecond} per second of CPU): ` +
      `${sum.steps} steps, ${sum.writes} writes, ${sum.guests} guests, ` +
      `slowest convergence ${(sum.convergedMsMax / 1000).toFixed(0)} s`,
  );
  if (sum.failures === 0) {
    const life = await writesOfOneLife(from);
    print(`one life of a VM without faults: ${life.length} writes: ${life.join(", ")}`);
  }
  print(`${done - sum.failures} passed, ${sum.failures} failed`);
  return sum.failures === 0;
}

async function catchMutations({ from, count }: { from: number; count: number }): Promise<boolean> {
  let missed = 0;
  for (const mutation of MUTATIONS) {
    const caught = await catchMutation(mutation, { from, count });
    const seed = caught === undefined ? "never" : `seed ${caught.seed}`;
    print(`${seed.padEnd(10)} ${mutation.name}: ${caught?.violation ?? mutation.caughtBy}`);
    if (caught === undefined) missed++;
  }
  print(`${MUTATIONS.length - missed} passed, ${missed} failed`);
  return missed === 0;
}

/** Of this process and all its threads. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
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
      workers: { type: "string", default: String(navigator.hardwareConcurrency) },
      // Stops after so many.
      failures: { type: "string", default: "Infinity" },
      mutations: { type: "boolean", default: false },
    },
  });
  const range = { from: Number(values.from), count: Number(values.schedules) };
  const [failuresMax, workers] = [Number(values.failures), Number(values.workers)];
  const passed = values.seed !== undefined
    ? await replay(Number(values.seed))
    : values.mutations
    ? await catchMutations(range)
    : await runMany({ ...range, failuresMax, workers });
  Deno.exit(passed ? 0 : 1);
}
