import assert from "node:assert/strict";
import { hostname } from "./hostname.ts";
import { vmi } from "./testing/vmi.ts";

Deno.test("hostname() is the VMI's name up to its first dot, cut at 63", () => {
  assert.equal(hostname(vmi({ metadata: { name: "a.b" } })), "a");
  assert.equal(hostname(vmi({ metadata: { name: "n".repeat(70) } })), "n".repeat(63));
});

Deno.test("hostname() is what the spec says", () => {
  assert.equal(hostname(vmi({ spec: { hostname: "db" } })), "db");
});
