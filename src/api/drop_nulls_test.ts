import assert from "node:assert/strict";
import { dropNulls } from "./drop_nulls.ts";

Deno.test("dropNulls() drops null members at every depth", () => {
  const value = { a: null, b: { c: null, d: 1 }, e: [{ f: null }, { g: "" }] };
  assert.deepEqual(dropNulls(value), { b: { d: 1 }, e: [{}, { g: "" }] });
});

Deno.test("dropNulls() keeps null list items, and values that are no objects", () => {
  for (const value of [[null, 1], null, 0, false, "", "null"]) {
    assert.deepEqual(dropNulls(value), value);
  }
});

Deno.test("dropNulls() leaves its argument alone", () => {
  const value = Object.freeze({ a: null, b: Object.freeze({ c: null }) });
  dropNulls(value);
  assert.deepEqual(value, { a: null, b: { c: null } });
});

Deno.test("dropNulls() copies only what leads to a null", () => {
  const value = { a: [{ b: null }, { c: 1 }], d: { e: [null] } };
  const dropped = dropNulls(value) as typeof value;
  assert.deepEqual(dropped, { a: [{}, { c: 1 }], d: { e: [null] } });
  assert.equal(dropped.a[1], value.a[1]);
  assert.equal(dropped.d, value.d);
  assert.equal(dropNulls(value.d), value.d);
});
