import assert from "node:assert/strict";
import { DecisionRecord } from "../../src/runtime/decision_record.ts";
import { JsonLogger } from "../../src/runtime/log.ts";
import { countDecisions } from "./repeated_decisions.ts";

interface Pass {
  controller?: string;
  key?: string;
  pass: string;
  action?: string;
  version?: string;
  fails?: boolean;
}

function logOf(passes: readonly Pass[]): string {
  let log = "";
  const logger = new JsonLogger({ level: "debug", write: (line) => log += line });
  for (const each of passes) {
    const { controller = "vm", key = "ns/a", pass, action = "x", version = "1", fails } = each;
    const world = { vm: { metadata: { uid: "u", resourceVersion: version } } };
    const own = logger.with({ controller, key, reconcileId: pass });
    own.debug("decided", { decision: new DecisionRecord([{ type: action }], world) });
    if (fails === true) own.error("pass failed, trying again");
  }
  return log;
}

const CASES: readonly [string, Pass[], number[]][] = [
  ["the same in another pass", [{ pass: "1" }, { pass: "2" }, { pass: "3" }], [3]],
  ["after a failed pass", [{ pass: "1", fails: true }, { pass: "2" }], []],
  ["failed after one that did not", [{ pass: "1" }, { pass: "2", fails: true }], [2]],
  ["another version", [{ pass: "1" }, { pass: "2", version: "2" }], []],
  ["another action", [{ pass: "1" }, { pass: "2", action: "y" }], []],
  ["another object", [{ pass: "1" }, { pass: "2", key: "ns/b" }], []],
  ["another controller", [{ pass: "1" }, { pass: "2", controller: "vmi" }], []],
];

for (const [what, passes, times] of CASES) {
  Deno.test(`countDecisions tells repeated ones by controller, key, actions and versions: ${what}`, () => {
    const { decided, repeated } = countDecisions(`no JSON\n${logOf(passes)}`);
    assert.equal(decided, passes.length);
    assert.deepEqual(repeated.map((each) => each.times), times);
  });
}
