/** How long `denovirt-node standalone` takes from exec until its API is ready. */
import { bundle } from "../../deploy/images/bundle.ts";
import {
  denoRun,
  NODE_SOURCE,
  StandaloneDirectory,
  StandaloneProcess,
  type StandaloneProcessOptions,
} from "../standalone/standalone_process.ts";
import { percentile } from "./percentile.ts";

const STARTS = 5;

/** Of one form of the program, medians. */
export interface StandaloneStartTimes {
  form: "bundled" | "from source";
  /** On an empty data directory. */
  firstMs: number;
  /** On what another start has left. */
  laterMs: number;
}

/** Of the program as the images have it, and of its sources as a clone has them. */
export async function standaloneStartTimes(
  nativeDirectory: string,
): Promise<StandaloneStartTimes[]> {
  const directory = await Deno.makeTempDir();
  try {
    const [bundled] = await bundle(NODE_SOURCE, `${directory}/node`);
    return [
      { form: "bundled", ...await medians(nativeDirectory, bundled) },
      { form: "from source", ...await medians(nativeDirectory, NODE_SOURCE) },
    ];
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function medians(
  nativeDirectory: string,
  entry: string,
): Promise<Omit<StandaloneStartTimes, "form">> {
  const program = denoRun(entry);
  const [first, later]: [number[], number[]] = [[], []];
  for (let start = 0; start < STARTS; start++) {
    await using own = await StandaloneDirectory.make();
    const options = { directory: own.path, nativeDirectory, program, images: [] };
    first.push(await startMs(options));
    later.push(await startMs(options));
  }
  return { firstMs: percentile(first, 0.5), laterMs: percentile(later, 0.5) };
}

async function startMs(options: StandaloneProcessOptions): Promise<number> {
  const executedAtMs = Date.now();
  await using standalone = await StandaloneProcess.start(options);
  const ready = standalone.log().split("\n").find((line) => line.includes('"message":"ready"'));
  const { time } = JSON.parse(ready ?? "{}") as { time?: string };
  return Date.parse(time ?? "") - executedAtMs;
}
