/** How long `denovirt-node standalone` takes from exec until its API is ready. */
import { StandaloneDirectory, StandaloneProcess } from "../standalone/standalone_process.ts";
import { percentile } from "./percentile.ts";

const STARTS = 3;

/** Medians. */
export interface StandaloneStartTimes {
  /** On an empty data directory. */
  firstMs: number;
  /** On what another start has left. */
  laterMs: number;
}

export async function standaloneStartTimes(nativeDirectory: string): Promise<StandaloneStartTimes> {
  const [first, later]: [number[], number[]] = [[], []];
  for (let start = 0; start < STARTS; start++) {
    await using own = await StandaloneDirectory.make();
    const directory = own.path;
    first.push(await startMs(directory, nativeDirectory));
    later.push(await startMs(directory, nativeDirectory));
  }
  return { firstMs: percentile(first, 0.5), laterMs: percentile(later, 0.5) };
}

async function startMs(directory: string, nativeDirectory: string): Promise<number> {
  const executedAtMs = Date.now();
  await using standalone = await StandaloneProcess.start({
    directory,
    nativeDirectory,
    images: [],
  });
  const ready = standalone.log().split("\n").find((line) => line.includes('"message":"ready"'));
  const { time } = JSON.parse(ready ?? "{}") as { time?: string };
  return Date.parse(time ?? "") - executedAtMs;
}
