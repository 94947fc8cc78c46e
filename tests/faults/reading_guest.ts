/**
 * A guest that reads aloud what is on its second disk: a boot sector, so that it is there within a second of software
 * emulation.
 *
 *   again: read the first sector of drive 0x81 to 0x7e00
 *          print its 512 bytes on the first serial port
 *          hlt                                       ; until the timer's tick, 18 times a second
 *          goto again
 */
const PROGRAM = "31c08ed88ec08ed0bc007cfbfcb80102bb007eb90100ba8100cd13be007e" +
  "b90002bafd03eca82074fbbaf803aceee2f1f4ebda";
const SIGNATURE_OFFSET = 510;
/** SeaBIOS does not boot from a disk that is too small for a geometry. */
export const DISK_BYTES = 1024 * 1024;

/** Its first disk, raw. */
export function readingGuestDisk(): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(Uint8Array.fromHex(PROGRAM));
  disk.set([0x55, 0xaa], SIGNATURE_OFFSET);
  return disk;
}

/** A disk that begins with a text. */
export function diskSaying(text: string): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(new TextEncoder().encode(text));
  return disk;
}
