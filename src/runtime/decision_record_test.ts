import assert from "node:assert/strict";
import { DecisionRecord } from "./decision_record.ts";
import { JsonLogger } from "./log.ts";

const object = (uid: string, resourceVersion: string) => ({
  metadata: { name: uid, uid, resourceVersion },
  spec: { template: { metadata: { uid: "inner", resourceVersion: "1" } } },
});

Deno.test("DecisionRecord names actions in order, and each observed object once by its version", () => {
  const vmi = object("vmi", "7");
  const world = {
    now: "2026-01-01T00:00:00Z",
    vmi,
    absent: undefined,
    none: null,
    pods: [object("pod-b", "9"), object("pod-a", "8")],
    instances: [{ vmi, pods: [object("pod-c", "10")] }],
  };
  assert.deepEqual(new DecisionRecord([{ type: "b" }, { type: "a" }], world).toJSON(), {
    actions: ["b", "a"],
    versions: ["pod-a@8", "pod-b@9", "pod-c@10", "vmi@7"],
  });
});

Deno.test("DecisionRecord looks at a world only when its line is written", () => {
  let looks = 0;
  const world = {
    get vm() {
      looks++;
      return object("vm", "1");
    },
  };
  const decision = new DecisionRecord([{ type: "a" }], world);
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  new JsonLogger({ level: "info", write }).debug("decided", { decision });
  assert.deepEqual([looks, lines.length], [0, 0]);
  new JsonLogger({ level: "debug", write }).debug("decided", { decision });
  assert.deepEqual(JSON.parse(lines[0] ?? "").decision, { actions: ["a"], versions: ["vm@1"] });
  assert.ok(looks > 0);
});
