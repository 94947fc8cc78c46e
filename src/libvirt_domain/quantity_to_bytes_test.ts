import assert from "node:assert/strict";
import { quantityToBytes } from "./quantity_to_bytes.ts";

const ROWS: [quantity: string | number, bytes: number | undefined][] = [
  ["64Mi", 67108864],
  ["1.5Gi", 1610612736],
  ["1G", 1000000000],
  ["1e3", 1000],
  [4096, 4096],
  ["100m", 1],
  ["-1Gi", undefined],
  ["lots", undefined],
  ["9Ei", undefined],
];

for (const [quantity, bytes] of ROWS) {
  Deno.test(`quantityToBytes() reads ${quantity}`, () => {
    assert.equal(quantityToBytes(quantity), bytes);
  });
}
