/** Boot sectors for guests of a few instructions: what a container image for a containerDisk would hold. */
import { writeImageArchive } from "../../deploy/images/image_archive.ts";

/** SeaBIOS does not boot from a disk that is too small for a geometry. */
const DISK_BYTES = 1024 * 1024;

/** mov dx,3f8; mov al,'!'; out dx,al: the first instructions say so on the first serial port. */
const SPEAK = [0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee];
/** sti; hlt; jmp back: sleeps, and wakes for every interrupt. */
const SLEEP = [0xfb, 0xf4, 0xeb, 0xfd];
/** mov dx,604; mov ax,2000; out dx,ax: what ACPI does on q35 to power off. */
const POWER_OFF = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef];
/**
 * Counts on the first serial port, and ends when its power button is pressed:
 *
 *         PM1_EN = power button                     ; or QEMU would not tell of it
 *   next: ebx += 1; print ebx as 8 hexadecimal digits and a newline
 *         hlt                                       ; until the timer's tick, 18 times a second
 *         if PM1_STS says power button: PM1_CNT = S5, and that was it
 *         goto next
 */
const COUNT = Uint8Array.fromHex(
  "fa31c08ed88ed0bc007cfbba0206b80001ef6631db6643b9080066c1c30488d8240f3c0a7202042704" +
    "30e81b00e2ebb00ae81400f4ba0006edf6c40174d7ba0406b80020eff4ebfd50ba" +
    "fd03eca82074fb58baf803eec3",
);

/** What the guest does; those that do not count say first that they run. */
const BEHAVIOURS = ["sleeps", "powers-off", "counts"] as const;
export type Behaviour = typeof BEHAVIOURS[number];

/** What a guest that does not count says first on its serial port. */
export const FIRST_WORD = "!";

const PROGRAMS: Readonly<Record<Behaviour, ArrayLike<number>>> = {
  sleeps: [...SPEAK, ...SLEEP],
  "powers-off": [...SPEAK, ...POWER_OFF, ...SLEEP],
  counts: COUNT,
};

/** The image of a containerDisk whose guest behaves so. */
export function imageOf(behaviour: Behaviour): string {
  return `denovirt.local/${behaviour}`;
}

/** The image with a tag, as an archive that the node finds by itself. */
export async function writeGuestArchive(
  directory: string,
  { behaviour, tag }: { behaviour: Behaviour; tag: string },
): Promise<void> {
  await writeImageArchive(`${directory}/${behaviour}.tar`, {
    name: `${imageOf(behaviour)}:${tag}`,
    entries: [{ kind: "file", path: "/disk/boot.img", source: bootDisk(behaviour), mode: 0o644 }],
  });
}

export function isBehaviour(text: string | undefined): text is Behaviour {
  return BEHAVIOURS.some((behaviour) => behaviour === text);
}

export function bootDisk(behaviour: Behaviour): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(PROGRAMS[behaviour]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}
