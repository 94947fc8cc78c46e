import assert from "node:assert/strict";
import { isKernelImage } from "./kernel_image.ts";

Deno.test("isKernelImage() knows a bzImage and an ELF kernel", () => {
  const bzImage = new Uint8Array(0x300);
  bzImage.set(new TextEncoder().encode("HdrS"), 0x202);
  assert.ok(isKernelImage(bzImage));
  assert.ok(isKernelImage(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2])));
});

Deno.test("isKernelImage() refuses text, emptiness and a cut header", () => {
  for (const image of [new Uint8Array(), new TextEncoder().encode("not a kernel\n".repeat(100))]) {
    assert.equal(isKernelImage(image), false);
  }
});
