/**
 * A boot sector that writes to its disk and counts on its serial port: "!" when it boots, then one letter for each step, in
 * the order of the alphabet. So a console tells whether the guest stood still, and whether it began anew.
 *
 * ```text
 *            print "!"
 *   again:   hlt (the timer goes on 18 times a second)
 *            write 32 KiB by int 13h, function 43h, at the next place of the first 24 MiB, from the start again after that
 *            print the next letter, go to again
 * ```
 */
const CODE = "fa31c08ed88ec08ed0bc007c8816707cfbb021e83a00f4668306687c4066813e687c00c000007209" +
  "66c706687c40000000be607cb800438a16707ccd13a0717cfec03c7b7202b061a2717ce80200ebc6" +
  "50bafd03eca82074fb58baf803eec39010004000008000000000000000000000007a";

/** SeaBIOS does not boot from a disk that is too small for a geometry. */
const DISK_BYTES = 1024 * 1024;
/** What of the disk is written to. */
export const WRITTEN_BYTES = 24 * 1024 * 1024;

/** The disk that it boots from. */
export function writingGuestDisk(): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(Uint8Array.from(CODE.match(/../g) ?? [], (byte) => parseInt(byte, 16)));
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/** What is wrong with the count: letters out of order, or a second boot. `undefined`: nothing. */
export function whyNotCounting(text: string): string | undefined {
  const letters = text.replace(/^[^]*!/, "");
  if (/![^]*!/.test(text)) return `it booted again: ${text}`;
  for (let at = 1; at < letters.length; at++) {
    const expected = letters[at - 1] === "z" ? "a" : next(letters[at - 1]);
    if (letters[at] !== expected) return `${letters[at]} follows ${letters[at - 1]}: ${letters}`;
  }
  return undefined;
}

function next(letter = ""): string {
  return String.fromCharCode(letter.charCodeAt(0) + 1);
}
