import { writeImageArchive } from "../../deploy/images/image_archive.ts";
import { cachedBuild } from "./cached_build.ts";
import { runCommand } from "./run_command.ts";

const WRITER = new URL("../../deploy/images/image_archive.ts", import.meta.url).pathname;
const BUSYBOX = "/usr/bin/busybox";

/** Archives of `denovirt.local/pause:dev` (the sandbox of every pod) and `denovirt.local/busybox:dev` (client pods). */
export async function testImages(): Promise<string[]> {
  const directory = await cachedBuild({
    name: "test-images",
    what: "writing the pause and busybox images",
    paths: [BUSYBOX, WRITER, import.meta.filename ?? WRITER],
    build,
  });
  return [`${directory}/pause.tar`, `${directory}/busybox.tar`];
}

async function build(directory: string): Promise<void> {
  const busybox = { kind: "file", path: "/bin/busybox", source: BUSYBOX } as const;
  const applets = (await runCommand([BUSYBOX, "--list"])).trim().split("\n");
  await writeImageArchive(`${directory}/pause.tar`, {
    name: "denovirt.local/pause:dev",
    entrypoint: ["/bin/busybox", "sleep", "2147483647"],
    entries: [busybox],
  });
  await writeImageArchive(`${directory}/busybox.tar`, {
    name: "denovirt.local/busybox:dev",
    command: ["/bin/sh"],
    entries: [
      busybox,
      ...applets.filter((applet) => applet !== "busybox").map((applet) => (
        { kind: "link", path: `/bin/${applet}`, target: "busybox" } as const
      )),
      { kind: "directory", path: "/root" },
    ],
  });
}
