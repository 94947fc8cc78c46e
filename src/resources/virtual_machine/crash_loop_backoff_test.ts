import assert from "node:assert/strict";
import fc from "fast-check";
import { vmi, withMetadata, withStatus } from "../testing/builders.ts";
import { backOffDelayMs, backOffRemainingMs, nextStartFailure } from "./crash_loop_backoff.ts";

const NOW = "2026-03-01T10:00:00.000Z";

const BOUNDS: [count: number, minMs: number, maxMs: number][] = [
  [1, 10_000, 15_000],
  [2, 40_000, 60_000],
  [3, 90_000, 135_000],
  [4, 160_000, 240_000],
  [5, 250_000, 300_000],
  [6, 300_000, 300_000],
  [100, 300_000, 300_000],
];

for (const [count, minMs, maxMs] of BOUNDS) {
  Deno.test(`backOffDelayMs() of failure ${count} is between ${minMs} and ${maxMs} ms`, () => {
    fc.assert(fc.property(fc.uuid(), (uid) => {
      const delay = backOffDelayMs(count, uid);
      assert.ok(delay >= minMs && delay <= maxMs, `${delay}`);
    }));
  });
}

Deno.test("backOffDelayMs() spreads VMs that fail together", () => {
  const uids = Array.from({ length: 100 }, (_, index) => `uid-${index}`);
  assert.ok(new Set(uids.map((uid) => backOffDelayMs(1, uid))).size > 90);
});

Deno.test("nextStartFailure() keeps the wait between its bounds, in whole seconds", () => {
  const count = fc.integer({ min: 0, max: 8 });
  fc.assert(fc.property(fc.uuid(), count, fc.integer({ min: 0, max: 999 }), (uid, before, ms) => {
    const now = new Date(Date.parse(NOW) + ms).toISOString();
    const failed = vmi(withStatus({ phase: "Failed" }), withMetadata({ uid }));
    const previous = { consecutiveFailCount: before };
    const failure = nextStartFailure({ now, runStrategy: "Always", vmi: failed, previous });
    assert.equal(failure?.consecutiveFailCount, before + 1);
    assert.equal(failure?.lastFailedVMIUID, uid);
    assert.match(failure?.retryAfterTimestamp ?? "", /:\d\dZ$/);
    const [, minMs = 300_000, maxMs = 300_000] = BOUNDS[before] ?? [];
    const remainingMs = backOffRemainingMs(failure, { now, seenForMs: 0 });
    assert.ok(remainingMs >= Math.min(minMs, 299_000) && remainingMs <= maxMs, `${remainingMs}`);
  }));
});

Deno.test("nextStartFailure() counts an instance once", () => {
  const failed = vmi(withStatus({ phase: "Failed" }));
  const first = nextStartFailure({ now: NOW, runStrategy: "Always", vmi: failed });
  const again = nextStartFailure({ now: NOW, runStrategy: "Always", vmi: failed, previous: first });
  assert.equal(again, first);
});

Deno.test("nextStartFailure() forgets when an instance has run, or the strategy does not restart", () => {
  const previous = { consecutiveFailCount: 4 };
  const hasRun = vmi(withStatus({
    phase: "Failed",
    phaseTransitionTimestamps: [{ phase: "Running", phaseTransitionTimestamp: NOW }],
  }));
  assert.equal(
    nextStartFailure({ now: NOW, runStrategy: "Always", vmi: hasRun, previous }),
    undefined,
  );
  assert.equal(nextStartFailure({ now: NOW, runStrategy: "Manual", previous }), undefined);
  assert.equal(nextStartFailure({ now: NOW, runStrategy: "Once", previous }), previous);
});

Deno.test("backOffRemainingMs() waits no longer than the longest delay, whatever the clocks say", () => {
  const failure = { retryAfterTimestamp: "2026-03-01T11:00:00Z" };
  for (
    const [now, seenForMs, expected] of [
      ["2026-03-01T10:00:00Z", 0, 300_000],
      ["2026-03-01T10:00:00Z", 299_000, 1_000],
      ["2026-03-01T09:00:00Z", 301_000, 0],
      ["2026-03-01T10:59:50Z", 0, 10_000],
      ["2026-03-01T12:00:00Z", 0, 0],
    ] as const
  ) assert.equal(backOffRemainingMs(failure, { now, seenForMs }), expected, now);
});
