import assert from "node:assert/strict";
import { diffSchemas, formatDifference } from "./schema_diff.ts";

/** Two schemas and what is said of them. */
const CASES: readonly (readonly [string, unknown, unknown, string[]])[] = [
  ["equal schemas", { type: "string" }, { type: "string" }, []],
  ["descriptions", { type: "string", description: "a" }, { type: "string" }, []],
  ["the order of required fields", { required: ["a", "b"] }, { required: ["b", "a"] }, []],
  [
    "messages of rules",
    { "x-kubernetes-validations": [{ rule: "r", message: "a" }] },
    { "x-kubernetes-validations": [{ rule: "r", message: "b" }] },
    [],
  ],
  [
    "a changed keyword",
    { properties: { a: { items: { type: "string" } } } },
    { properties: { a: { items: { type: "integer" } } } },
    ['a[]: type: upstream "string", ours "integer"'],
  ],
  [
    "a missing field",
    { properties: { a: { properties: { b: { type: "string" } } } } },
    { properties: { a: { properties: {} } } },
    ['a.b: (node): upstream "present", ours "absent"'],
  ],
  [
    "a field of our own",
    { additionalProperties: {} },
    { additionalProperties: { properties: { description: { type: "string" } } } },
    ['{}.description: (node): upstream "absent", ours "present"'],
  ],
  [
    "a changed rule",
    { "x-kubernetes-validations": [{ rule: "r" }] },
    {},
    [': x-kubernetes-validations: upstream [{"rule":"r"}], ours undefined'],
  ],
];

for (const [name, upstream, ours, expected] of CASES) {
  Deno.test(`diffSchemas() of ${name}`, () => {
    assert.deepEqual(diffSchemas(upstream, ours).map(formatDifference), expected);
  });
}
