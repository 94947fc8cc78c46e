import assert from "node:assert/strict";
import { vmi, withMetadata, withStatus } from "../testing/builders.ts";
import { asksToStartPaused, pendingRequests, withStartRequest } from "./state_change_requests.ts";

const live = vmi(withStatus({ phase: "Running" }));
const uid = live.metadata.uid;
const start = { action: "Start" };
const stop = { action: "Stop", uid };

Deno.test("pendingRequests() drops a stop without VMI, of another VMI, or without UID", () => {
  assert.deepEqual(pendingRequests([stop], undefined), []);
  assert.deepEqual(pendingRequests([{ action: "Stop", uid: "other" }], live), []);
  assert.deepEqual(pendingRequests([{ action: "Stop" }], live), []);
  assert.deepEqual(pendingRequests([stop], live), [stop]);
});

Deno.test("pendingRequests() drops a start once a VMI lives", () => {
  assert.deepEqual(pendingRequests([start], live), []);
  assert.deepEqual(pendingRequests([start], undefined), [start]);
  const ended = vmi(withStatus({ phase: "Failed" }));
  assert.deepEqual(pendingRequests([start], ended), [start]);
  const deleting = vmi(withMetadata({ deletionTimestamp: "2026-01-01T00:00:00Z" }));
  assert.deepEqual(pendingRequests([start], deleting), [start]);
});

Deno.test("pendingRequests() keeps the order: the start of a restart waits for its stop", () => {
  assert.deepEqual(pendingRequests([stop, start], live), [stop, start]);
  assert.deepEqual(pendingRequests([stop, start], undefined), [start]);
});

Deno.test("withStartRequest() adds one start at most", () => {
  assert.deepEqual(withStartRequest([stop]), [stop, start]);
  assert.deepEqual(withStartRequest([start]), [start]);
});

Deno.test("asksToStartPaused() reads the request's data", () => {
  assert.equal(asksToStartPaused([{ action: "Start", data: { paused: "true" } }]), true);
  assert.equal(asksToStartPaused([start]), false);
  assert.equal(asksToStartPaused([]), false);
});
