/** Boot sectors for guests of a few instructions: what a container image for a containerDisk would hold. */

/** SeaBIOS does not boot from a disk that is too small for a geometry. */
const DISK_BYTES = 1024 * 1024;

/** mov dx,3f8; mov al,'!'; out dx,al: the first instructions say so on the first serial port. */
const SPEAK = [0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee];
/** sti; hlt; jmp back: sleeps, and wakes for every interrupt. */
const SLEEP = [0xfb, 0xf4, 0xeb, 0xfd];
/** mov dx,604; mov ax,2000; out dx,ax: what ACPI does on q35 to power off. */
const POWER_OFF = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef];

/** What the guest does once it has said that it runs. */
const BEHAVIOURS = ["sleeps", "powers-off"] as const;
export type Behaviour = typeof BEHAVIOURS[number];

/** What a guest says first on its serial port. */
export const FIRST_WORD = "!";

/** The image of a containerDisk whose guest behaves so. */
export function imageOf(behaviour: Behaviour): string {
  return `denovirt.local/${behaviour}`;
}

export function isBehaviour(text: string | undefined): text is Behaviour {
  return BEHAVIOURS.some((behaviour) => behaviour === text);
}

export function bootDisk(behaviour: Behaviour): Uint8Array {
  const code = behaviour === "sleeps" ? [...SPEAK, ...SLEEP] : [...SPEAK, ...POWER_OFF, ...SLEEP];
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(code);
  disk.set([0x55, 0xaa], 510);
  return disk;
}
