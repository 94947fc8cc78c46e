/**
 * Loaded before a program that is measured (`deno run --preload`), which knows nothing of it: at SIGUSR2 it collects garbage
 * and writes what is left to the file of DENOVIRT_HEAP_REPORT.
 */

/** `--v8-flags=--expose-gc`. */
declare const gc: () => void;

/** What finalizers free is freed by the next collection. */
const COLLECTIONS = 3;

const path = Deno.env.get("DENOVIRT_HEAP_REPORT");
if (path === undefined) throw new Error("Cannot report: DENOVIRT_HEAP_REPORT is unset");
let reports = 0;

Deno.addSignalListener("SIGUSR2", async () => {
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  const report = { number: ++reports, heapUsed, external };
  Deno.writeTextFileSync(`${path}.part`, JSON.stringify(report));
  Deno.renameSync(`${path}.part`, path);
});
