import assert from "node:assert/strict";
import fc from "fast-check";
import { LineDecoder } from "./line_decoder.ts";

function decode(chunks: Uint8Array[], lineBytesMax = 1_000_000): string[] {
  const decoder = new LineDecoder({ lineBytesMax });
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

Deno.test("LineDecoder gives back the lines, however the bytes are cut", () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")));
  fc.assert(fc.property(texts, fc.array(fc.nat(50)), (lines, sizes) => {
    const bytes = new TextEncoder().encode(lines.map((text) => text + "\n").join(""));
    const chunks: Uint8Array[] = [];
    let at = 0;
    for (const size of sizes) chunks.push(bytes.subarray(at, at += size));
    chunks.push(bytes.subarray(Math.min(at, bytes.length)));
    assert.deepEqual(decode(chunks), lines);
  }));
});

Deno.test("LineDecoder keeps a copy: the caller may reuse its buffer", () => {
  const decoder = new LineDecoder({ lineBytesMax: 10 });
  const buffer = new TextEncoder().encode("ab");
  assert.deepEqual([...decoder.push(buffer)], []);
  buffer.fill(0x78);
  assert.deepEqual([...decoder.push(new TextEncoder().encode("c\n"))], ["abc"]);
  assert.equal(decoder.pendingBytes, 0);
});

Deno.test("LineDecoder bounds a line, ended or not", () => {
  assert.deepEqual(decode([new TextEncoder().encode("1234\n1234\n")], 4), ["1234", "1234"]);
  assert.throws(() => decode([new TextEncoder().encode("12345\n")], 4), RangeError);
  assert.throws(() => decode([new TextEncoder().encode("12345")], 4), RangeError);
});

Deno.test("LineDecoder refuses bytes that are not UTF-8", () => {
  assert.throws(() => decode([Uint8Array.of(0xff, 0x0a)]), TypeError);
});
