/** A worker: exchanges a file for a link, as a container that shares the volume can. */
/// <reference lib="deno.worker" />

interface Swap {
  path: string;
  to: string;
  /** Once, as soon as this is there. Absent: back and forth, for ever. */
  after?: string;
}

self.onmessage = ({ data }: MessageEvent<Swap>) => {
  const { after, path, to } = data;
  const [link, kept] = [`${path}.link`, `${path}.kept`];
  Deno.symlinkSync(to, link);
  if (after !== undefined) {
    while (!exists(after));
    Deno.renameSync(path, kept);
    Deno.renameSync(link, path);
    self.postMessage("done");
    return;
  }
  for (;;) {
    Deno.renameSync(path, kept);
    Deno.renameSync(link, path);
    Deno.renameSync(path, link);
    Deno.renameSync(kept, path);
  }
};

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
