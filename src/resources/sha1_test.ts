import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { sha1Hex } from "./sha1.ts";

Deno.test("sha1Hex() gives the digest of the standard's example", () => {
  assert.equal(sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
});

Deno.test("sha1Hex() agrees with the platform's SHA-1 on any text, across block borders", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => {
    assert.equal(sha1Hex(text), createHash("sha1").update(text).digest("hex"));
  }));
});
