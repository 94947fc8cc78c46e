import { waitUntil } from "../cluster/wait_until.ts";

const PRELOADED = new URL("./heap_report.ts", import.meta.url).pathname;
const REPORT_TIMEOUT_MS = 30_000;
/** A program that goes on with something has buffers for it each time it is asked: that many times are enough to tell. */
const REPORTS_MAX = 5;
const AGAIN_MS = 100;

/** What lives in a program of ours once its garbage is collected. */
export interface Heap {
  heapUsed: number;
  /** Buffers outside of the heap that it holds. */
  external: number;
}

/** Asks a process for its heap; the program itself has no part in it. */
export class HeapProbe {
  readonly #path: string;
  #reports = 0;

  /** `path`: a file that nothing else writes. */
  constructor(path: string) {
    this.#path = path;
  }

  /** For `deno run`. */
  get denoFlags(): string[] {
    return ["--v8-flags=--expose-gc", `--preload=${PRELOADED}`];
  }

  get env(): Record<string, string> {
    return { DENOVIRT_HEAP_REPORT: this.#path };
  }

  /** Of a program at rest: what it has just done is not all put away when it is asked first, which is up to a megabyte. */
  async read(pid: number): Promise<Heap> {
    let least = await this.#report(pid);
    let last = least;
    for (let reports = 1; reports < REPORTS_MAX; reports++) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      const { heapUsed, external } = await this.#report(pid);
      least = {
        heapUsed: Math.min(least.heapUsed, heapUsed),
        external: Math.min(least.external, external),
      };
      if (external === last.external) break;
      last = { heapUsed, external };
    }
    return least;
  }

  async #report(pid: number): Promise<Heap> {
    const wanted = ++this.#reports;
    Deno.kill(pid, "SIGUSR2");
    return await waitUntil({
      what: `a report of the heap of process ${pid}`,
      timeoutMs: REPORT_TIMEOUT_MS,
      intervalMs: 10,
      look: async () =>
        JSON.parse(await Deno.readTextFile(this.#path)) as Heap & { number: number },
      until: ({ number }) => number >= wanted,
    });
  }
}
