import assert from "node:assert/strict";
import { vmi, withMetadata, withStatus } from "../testing/builders.ts";
import { planRun, type RunPlan, runStrategyOf } from "./run_strategy.ts";
import { vm } from "../testing/builders.ts";

const UID = vmi().metadata.uid;
const START = [{ action: "Start" }];
const STOP = [{ action: "Stop", uid: UID }];
const RESTART = [...STOP, ...START];

const INSTANCES = {
  none: undefined,
  live: vmi(withStatus({ phase: "Running" })),
  deleting: vmi(
    withStatus({ phase: "Running" }),
    withMetadata({ deletionTimestamp: "2026-01-01T00:00:00Z" }),
  ),
  succeeded: vmi(withStatus({ phase: "Succeeded" })),
  failed: vmi(withStatus({ phase: "Failed" })),
};
const REQUESTS = { nothing: [], start: START, stop: STOP, restart: RESTART };

type Row = [
  runStrategy: string,
  instance: keyof typeof INSTANCES,
  requests: keyof typeof REQUESTS,
  expected: RunPlan["kind"],
];

const TABLE: Row[] = [
  ["Always", "none", "nothing", "create"],
  ["Always", "live", "nothing", "keep"],
  ["Always", "live", "stop", "delete"],
  ["Always", "live", "restart", "delete"],
  ["Always", "deleting", "restart", "keep"],
  ["Always", "succeeded", "nothing", "delete"],
  ["Always", "failed", "nothing", "delete"],
  ["RerunOnFailure", "none", "nothing", "keep"],
  ["RerunOnFailure", "none", "start", "create"],
  ["RerunOnFailure", "live", "nothing", "keep"],
  ["RerunOnFailure", "live", "stop", "delete"],
  ["RerunOnFailure", "succeeded", "nothing", "delete"],
  ["RerunOnFailure", "failed", "nothing", "request_start"],
  ["RerunOnFailure", "failed", "start", "delete"],
  ["RerunOnFailure", "failed", "stop", "delete"],
  ["Manual", "none", "nothing", "keep"],
  ["Manual", "none", "start", "create"],
  ["Manual", "live", "nothing", "keep"],
  ["Manual", "live", "stop", "delete"],
  ["Manual", "failed", "nothing", "keep"],
  ["Manual", "failed", "restart", "delete"],
  ["Manual", "failed", "start", "delete"],
  ["Manual", "succeeded", "start", "delete"],
  ["Manual", "deleting", "start", "keep"],
  ["Halted", "none", "nothing", "keep"],
  ["Halted", "none", "start", "become_always"],
  ["Halted", "live", "nothing", "delete"],
  ["Halted", "failed", "nothing", "delete"],
  ["Once", "none", "nothing", "create"],
  ["Once", "live", "stop", "keep"],
  ["Once", "failed", "nothing", "keep"],
  ["NoSuchStrategy", "none", "start", "keep"],
];

for (const [runStrategy, instance, requests, expected] of TABLE) {
  Deno.test(`planRun() ${runStrategy}, instance ${instance}, ${requests} asked for: ${expected}`, () => {
    const plan = planRun({
      runStrategy,
      lastRunStrategy: runStrategy,
      vmi: INSTANCES[instance],
      requests: REQUESTS[requests],
      backOffRemainingMs: 0,
    });
    assert.equal(plan.kind, expected, plan.why);
  });
}

Deno.test("planRun() starts a RerunOnFailure VM whose strategy was another before", () => {
  const plan = planRun({
    runStrategy: "RerunOnFailure",
    lastRunStrategy: "Halted",
    vmi: undefined,
    requests: [],
    backOffRemainingMs: 0,
  });
  assert.equal(plan.kind, "create");
});

for (const runStrategy of ["Always", "Once", "RerunOnFailure"]) {
  Deno.test(`planRun() waits for the back-off under ${runStrategy}`, () => {
    const plan = planRun({
      runStrategy,
      lastRunStrategy: undefined,
      vmi: undefined,
      requests: [],
      backOffRemainingMs: 10,
    });
    assert.deepEqual([plan.kind, plan.kind === "back_off" && plan.remainingMs], ["back_off", 10]);
  });
}

Deno.test("runStrategyOf() reads the old boolean", () => {
  const spec = (fields: object) => ({ ...vm(), spec: { template: vm().spec.template, ...fields } });
  assert.equal(runStrategyOf(spec({ running: true })), "Always");
  assert.equal(runStrategyOf(spec({ running: false })), "Halted");
  assert.equal(runStrategyOf(spec({ runStrategy: "Manual" })), "Manual");
});
