import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonPatch, type PatchOperation } from "./json_patch.ts";

/** The operations that {@link jsonPatch} uses, as RFC 6902 says. */
function apply(document: unknown, operations: readonly PatchOperation[]): unknown {
  let root = structuredClone(document);
  for (const { op, path, value } of operations) {
    if (path === "") {
      root = value;
      continue;
    }
    const tokens = path.slice(1).split("/")
      .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = tokens.pop() ?? "";
    const parent = tokens.reduce<Record<string, unknown>>(
      (at, token) => at[token] as Record<string, unknown>,
      root as Record<string, unknown>,
    );
    if (Array.isArray(parent) && last === "-") parent.push(value);
    else if (op === "remove") delete parent[last];
    else parent[last] = value;
  }
  return root;
}

Deno.test("jsonPatch() adds what is missing and says nothing of what is there", () => {
  const from = { a: { b: 1 }, list: [{ x: 1 }], gone: null };
  const to = { a: { b: 1, "c/d~e": 2 }, list: [{ x: 1, y: 2 }, { z: 3 }] };
  assert.deepEqual(jsonPatch(from, to), [
    { op: "add", path: "/a/c~1d~0e", value: 2 },
    { op: "add", path: "/list/0/y", value: 2 },
    { op: "add", path: "/list/-", value: { z: 3 } },
  ]);
  assert.deepEqual(jsonPatch(to, to), []);
});

Deno.test("jsonPatch() gives operations that lead from one document to the other", () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean());
  const name = fc.constantFrom("a", "b", "c/d", "~e");
  const { document } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      tie("document"),
    ),
    document: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  }));
  fc.assert(fc.property(document, document, (from, to) => {
    assert.deepEqual(apply(from, jsonPatch(from, to)), to);
  }));
});
