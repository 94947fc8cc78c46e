import assert from "node:assert/strict";
import type { LabelSelector } from "../api/k8s_meta.ts";
import { formatSelector, matchesSelector, selectorFault } from "./label_selector.ts";

function expression(key: string, operator: string, ...values: string[]): LabelSelector {
  return { matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }] };
}

/** A selector, its text, labels that it selects and labels that it does not. */
const CASES: readonly (readonly [
  LabelSelector,
  string,
  Record<string, string>[],
  Record<string, string>[],
])[] = [
  [{}, "", [{}, { a: "b" }], []],
  [{ matchLabels: { b: "2", a: "1" } }, "a=1,b=2", [{ a: "1", b: "2", c: "3" }], [{ a: "1" }, {}]],
  [expression("a", "In", "2", "1"), "a in (1,2)", [{ a: "1" }, { a: "2" }], [{ a: "3" }, {}]],
  [expression("a", "NotIn", "1"), "a notin (1)", [{ a: "2" }, {}], [{ a: "1" }]],
  [expression("a", "Exists"), "a", [{ a: "" }], [{}]],
  [expression("a", "DoesNotExist"), "!a", [{}], [{ a: "1" }]],
];

for (const [selector, text, selected, others] of CASES) {
  Deno.test(`matchesSelector() and formatSelector() of ${text || "everything"}`, () => {
    assert.equal(formatSelector(selector), text);
    for (const labels of selected) assert.equal(matchesSelector(selector, labels), true);
    for (const labels of others) assert.equal(matchesSelector(selector, labels), false);
    assert.equal(selectorFault(selector), undefined);
  });
}

Deno.test("selectorFault() names what a selector cannot mean, and nothing matches that", () => {
  const unknown = expression("a", "Like", "b");
  assert.match(selectorFault(unknown) ?? "", /"Like" is not a valid/);
  assert.equal(matchesSelector(unknown, { a: "b" }), false);
  assert.match(selectorFault(expression("a", "In")) ?? "", /needs values/);
  assert.match(selectorFault(expression("a", "Exists", "b")) ?? "", /takes no values/);
});
