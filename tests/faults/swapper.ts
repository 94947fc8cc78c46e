/** A worker: exchanges a file for a link, as a container that shares the volume can. */
/// <reference lib="deno.worker" />

interface Swap {
  path: string;
  to: string;
  /** Once, as soon as this is there. Absent: back and forth, for ever. */
  after?: string;
  /** Another value than 0: it ends, and says so. */
  stop: Int32Array<SharedArrayBuffer>;
}

self.onmessage = ({ data }: MessageEvent<Swap>) => {
  exchange(data);
  self.postMessage("stopped");
};

function exchange({ after, path, to, stop }: Swap): void {
  const [link, kept] = [`${path}.link`, `${path}.kept`];
  const isStopped = () => Atomics.load(stop, 0) !== 0;
  Deno.symlinkSync(to, link);
  if (after !== undefined) {
    while (!exists(after)) if (isStopped()) return;
    Deno.renameSync(path, kept);
    Deno.renameSync(link, path);
    self.postMessage("done");
    return;
  }
  while (!isStopped()) {
    Deno.renameSync(path, kept);
    Deno.renameSync(link, path);
    Deno.renameSync(path, link);
    Deno.renameSync(kept, path);
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
