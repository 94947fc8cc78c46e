import { type Image, writeImageArchive } from "../../deploy/images/image_archive.ts";
import { cachedBuild } from "./cached_build.ts";
import { runCommand } from "./run_command.ts";

const GUESTS = new URL("./guests", import.meta.url).pathname;
const WRITER = new URL("../../deploy/images/image_archive.ts", import.meta.url).pathname;

/** `denovirt.local/kernel-guest:dev`, for `firmware.kernelBoot.container`: /boot/vmlinuz and /boot/initrd. */
export async function kernelGuestImage(): Promise<string> {
  return await guestImage({
    name: "kernel-guest",
    what: "building the kernel guest from Debian's cloud kernel and busybox",
    script: "kernel_guest.sh",
    entries: (built) => [
      { kind: "file", path: "/boot/vmlinuz", source: `${built}/vmlinuz`, mode: 0o644 },
      { kind: "file", path: "/boot/initrd", source: `${built}/initrd`, mode: 0o644 },
    ],
  });
}

/** `denovirt.local/debian-guest:dev`, a containerDisk: /disk/debian.qcow2. */
export async function debianGuestImage(): Promise<string> {
  return await guestImage({
    name: "debian-guest",
    what: "building a Debian 12 disk from Debian's packages",
    script: "debian_disk.sh",
    entries: (built) => [
      { kind: "file", path: "/disk/debian.qcow2", source: `${built}/debian.qcow2`, mode: 0o644 },
    ],
  });
}

interface Guest {
  name: string;
  what: string;
  script: string;
  entries: (built: string) => Image["entries"];
}

async function guestImage(guest: Guest): Promise<string> {
  const script = `${GUESTS}/${guest.script}`;
  const directory = await cachedBuild({
    name: guest.name,
    what: guest.what,
    paths: [script, WRITER],
    build: async (directory) => {
      const work = await Deno.makeTempDir({ prefix: "denovirt-guest-" });
      try {
        await runCommand([script, `${work}/out`, `${work}/work`]);
        await writeImageArchive(`${directory}/${guest.name}.tar`, {
          name: `denovirt.local/${guest.name}:dev`,
          entries: guest.entries(`${work}/out`),
        });
      } finally {
        await Deno.remove(work, { recursive: true });
      }
    },
  });
  return `${directory}/${guest.name}.tar`;
}
