/** Our own definitions in the hands of our own rules. */
import assert from "node:assert/strict";
import { structuralSchema } from "../../../api/crd.ts";
import { SCHEMAS } from "../../../api/schemas.ts";
import { ruleProblem } from "./cel_rules.ts";
import type { Schema } from "./schema.ts";
import { isCheckedFormat } from "./string_format.ts";

const DEFINITIONS = SCHEMAS.map(([resource, schema]) => ({
  resource,
  schema: structuralSchema(schema) as Schema,
}));

function* nodesOf(schema: Schema): Generator<Schema> {
  yield schema;
  const { properties = {}, items, additionalProperties } = schema;
  for (const member of Object.values(properties)) yield* nodesOf(member);
  if (items !== undefined) yield* nodesOf(items);
  if (typeof additionalProperties === "object") yield* nodesOf(additionalProperties);
}

Deno.test("every rule and pattern of our definitions can be evaluated", () => {
  let rules = 0;
  for (const { resource, schema } of DEFINITIONS) {
    for (const node of nodesOf(schema)) {
      if (node.pattern !== undefined) assert.ok(new RegExp(node.pattern, "u"));
      for (const rule of node["x-kubernetes-validations"] ?? []) {
        assert.equal(ruleProblem(rule), undefined, `${resource.kind}: ${rule.rule}`);
        assert.equal(rule.messageExpression, undefined, "message expressions are not evaluated");
        rules++;
      }
    }
  }
  assert.ok(rules > 0);
});

Deno.test("every format of our definitions is checked, or one that kube-apiserver ignores", () => {
  const ignored = new Set(["int32", "int64", "double", "float"]);
  for (const { resource, schema } of DEFINITIONS) {
    for (const { format } of nodesOf(schema)) {
      if (format === undefined || ignored.has(format)) continue;
      assert.ok(isCheckedFormat(format), `${resource.kind}: ${format}`);
    }
  }
});
