/** Schedules on all cores: one worker for each, and each works through groups of seeds. */
import type { Outcome } from "./simulation.ts";

export interface ParallelOptions {
  from: number;
  count: number;
  /** @default the number of cores */
  workers?: number;
  /** False: no more of them. */
  onOutcomes(outcomes: readonly Outcome[]): boolean;
}

/** Schedules in one message. */
const GROUP = 20;

export async function simulateInParallel(options: ParallelOptions): Promise<void> {
  const { workers = navigator.hardwareConcurrency, from, count, onOutcomes } = options;
  let next = from;
  let goesOn = true;
  const takeSeeds = (): number[] => {
    const first = next;
    next = goesOn ? Math.min(first + GROUP, from + count) : next;
    return Array.from({ length: next - first }, (_, i) => first + i);
  };
  const work = async () => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
    try {
      for (let seeds = takeSeeds(); seeds.length > 0; seeds = takeSeeds()) {
        const outcomes = await answerTo(worker, seeds);
        if (!onOutcomes(outcomes)) goesOn = false;
      }
    } finally {
      worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}

function answerTo(worker: Worker, seeds: readonly number[]): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot simulate seeds from ${seeds[0]}: ${event.message}`));
    };
    worker.postMessage(seeds);
  });
}
