/** How long the controller takes from exec until it serves, and until its caches are full. */
import { waitUntil } from "../cluster/wait_until.ts";
import { type ControllerOptions, startController } from "../integration/controller_process.ts";
import { runCommand } from "../toolchain/run_command.ts";
import { percentile } from "./percentile.ts";
import { residentBytes } from "./process_usage.ts";

const STARTS = 3;
const LOG_TIMEOUT_MS = 30_000;

/** The caches that controllers decide by. */
const CACHES: readonly string[] = ["virtualmachines", "virtualmachineinstances", "pods", "nodes"];

interface LogLine {
  time: string;
  message: string;
  /** What the cache is of. */
  informer?: string;
}

/** Medians. */
export interface StartTimes {
  servingMs: number;
  syncedMs: number;
  /** A program that does nothing. */
  bareMs: number;
  /** Resident memory once the caches are full. */
  rssBytes: number;
}

export async function startTimes(
  kubeconfig: string,
  options: ControllerOptions = {},
): Promise<StartTimes> {
  const serving: number[] = [];
  const synced: number[] = [];
  const bare: number[] = [];
  const rss: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    bare.push(await emptyProgramMs());
    await using controller = await startController(kubeconfig, options);
    const lines = await waitUntil({
      what: "the controller's caches to be full",
      timeoutMs: LOG_TIMEOUT_MS,
      look: () => Promise.resolve(parse(controller.log())),
      until: (found) =>
        CACHES.every((cache) =>
          found.some(({ message, informer }) => message === "synced" && informer === cache)
        ),
    });
    rss.push((await residentBytes(controller.pid)).rss);
    const after = (is: (line: LogLine) => boolean) =>
      lines.filter(is).map(({ time }) => Date.parse(time) - controller.executedAtMs);
    serving.push(after(({ message }) => message === "serving")[0] ?? NaN);
    synced.push(
      Math.max(
        ...after(({ message, informer = "" }) => message === "synced" && CACHES.includes(informer)),
      ),
    );
  }
  return {
    servingMs: percentile(serving, 0.5),
    syncedMs: percentile(synced, 0.5),
    bareMs: percentile(bare, 0.5),
    rssBytes: percentile(rss, 0.5),
  };
}

async function emptyProgramMs(): Promise<number> {
  const start = performance.now();
  await runCommand([Deno.execPath(), "eval", "0"]);
  return performance.now() - start;
}

function parse(log: string): LogLine[] {
  return log.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as LogLine);
}
