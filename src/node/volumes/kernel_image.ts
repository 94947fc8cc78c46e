/** Larger than any kernel of a distribution, compressed or not. */
export const KERNEL_BYTES_MAX = 64 * 1024 * 1024;

const BZIMAGE_MAGIC_OFFSET = 0x202;
const BZIMAGE_MAGIC = [0x48, 0x64, 0x72, 0x53]; // "HdrS"
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/**
 * Whether QEMU can boot this directly: a bzImage, or an ELF kernel with a PVH entry. Anything else it would take for a
 * kernel from before 1995 and jump into, and the guest would hang without a word.
 */
export function isKernelImage(image: Uint8Array): boolean {
  return startsWith(image, { bytes: BZIMAGE_MAGIC, offset: BZIMAGE_MAGIC_OFFSET }) ||
    startsWith(image, { bytes: ELF_MAGIC, offset: 0 });
}

function startsWith(
  image: Uint8Array,
  { bytes, offset }: { bytes: readonly number[]; offset: number },
): boolean {
  return bytes.every((byte, index) => image[offset + index] === byte);
}
