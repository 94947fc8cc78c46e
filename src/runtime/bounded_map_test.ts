import assert from "node:assert/strict";
import { BoundedMap } from "./bounded_map.ts";

Deno.test("BoundedMap forgets what was not used for longest", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  assert.equal(map.get("a"), 1);
  map.set("c", 3);
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c"), map.size], [1, undefined, 3, 2]);
  map.delete("a");
  assert.equal(map.size, 1);
});

Deno.test("BoundedMap.deleteOldest() forgets up to the first that is not over", () => {
  const map = new BoundedMap<string, number>(3);
  map.set("a", 1);
  map.set("b", 2);
  map.set("c", 1);
  map.deleteOldest((value) => value === 1);
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [undefined, 2, 1]);
});
