import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { Pod } from "../../../resources/core_objects.ts";
import { FakeClock } from "../../../runtime/fake_clock.ts";
import type { EventRecord } from "../../../runtime/reconciler.ts";
import { eventually } from "../../../runtime/testing/eventually.ts";
import type { PodProbe } from "./pod_probes.ts";
import { Prober } from "./prober.ts";
import { listenOn } from "./testing/listen_on.ts";

const POD: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "default", uid: "pod-uid" },
  spec: { containers: [] },
};
const PERIOD_MS = 10_000;

function probe(port: number, change: Partial<PodProbe> = {}): PodProbe {
  return {
    container: "compute",
    kind: "readiness",
    target: { type: "tcp", port },
    thresholds: { successThreshold: 1, failureThreshold: 3 },
    initialDelayMs: 0,
    periodMs: PERIOD_MS,
    timeoutMs: 1_000,
    address: "127.0.0.1",
    firstAfterMs: 0,
    isPassingAtFirst: false,
    ...change,
  };
}

class Bed implements Disposable {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  changes = 0;
  readonly prober = new Prober({
    clock: this.clock,
    events: { record: (event) => this.#record(event) },
    onChange: (podUid) => {
      assert.equal(podUid, "pod-uid");
      this.changes++;
    },
  });

  #record({ type, reason, message }: EventRecord): void {
    this.told.push(`${type} ${reason}: ${message}`);
  }

  /** Asks what is due in so long, and waits for the answer: the next question is then due. */
  async askIn(delayMs: number): Promise<void> {
    assert.equal(this.clock.nextTimerMs, delayMs);
    this.clock.advance(delayMs);
    // The time limit of the question, 1 s, is another timer.
    await eventually("the question is answered", () => this.clock.nextTimerMs !== 1_000);
  }

  get isPassing(): (boolean | undefined)[] {
    return this.prober.observe("pod-uid").map(({ isPassing }) => isPassing);
  }

  [Symbol.dispose](): void {
    this.prober[Symbol.dispose]();
    assert.equal(this.clock.timerCount, 0);
  }
}

Deno.test("Prober has no timer for a pod without probes", () => {
  using bed = new Bed();
  bed.prober.ask(POD, []);
  assert.deepEqual(bed.prober.observe("pod-uid"), []);
  assert.equal(bed.clock.timerCount, 0);
});

Deno.test("Prober tells that a port answers, and that it does no more, once it counts", async () => {
  using bed = new Bed();
  const server = await listenOn(createServer());
  bed.prober.ask(POD, [probe(server.port, { firstAfterMs: 5_000 })]);
  assert.deepEqual(bed.isPassing, [false]);
  await bed.askIn(5_000);
  assert.deepEqual(bed.isPassing, [true]);
  assert.equal(bed.changes, 1);
  await server[Symbol.asyncDispose]();
  await bed.askIn(PERIOD_MS);
  await bed.askIn(PERIOD_MS);
  assert.deepEqual(bed.isPassing, [true]);
  assert.equal(bed.changes, 1);
  await bed.askIn(PERIOD_MS);
  assert.deepEqual(bed.isPassing, [false]);
  assert.equal(bed.changes, 2);
});

Deno.test("Prober goes on from what was said before it was there", async () => {
  using bed = new Bed();
  await using server = await listenOn(createServer());
  bed.prober.ask(POD, [probe(server.port, { isPassingAtFirst: true })]);
  assert.deepEqual(bed.isPassing, [true]);
  await bed.askIn(0);
  assert.deepEqual(bed.isPassing, [true]);
  assert.equal(bed.changes, 0);
});

Deno.test("Prober tells why a probe fails, when it counts and else once a minute", async () => {
  using bed = new Bed();
  const { port } = await closedPort();
  bed.prober.ask(POD, [probe(port, { isPassingAtFirst: true })]);
  await bed.askIn(0);
  const unhealthy = "Warning Unhealthy: Readiness probe failed: connection refused";
  assert.deepEqual(bed.told, [unhealthy]);
  await bed.askIn(PERIOD_MS);
  assert.equal(bed.told.length, 1);
  await bed.askIn(PERIOD_MS);
  assert.deepEqual(bed.isPassing, [false]);
  assert.equal(bed.told.length, 2);
  for (let times = 0; times < 5; times++) await bed.askIn(PERIOD_MS);
  assert.equal(bed.told.length, 2);
  await bed.askIn(PERIOD_MS);
  assert.deepEqual(bed.told, [unhealthy, unhealthy, unhealthy]);
});

Deno.test("Prober asks no more once liveness has failed, and counts since when", async () => {
  using bed = new Bed();
  const { port } = await closedPort();
  bed.prober.ask(POD, [probe(port, { kind: "liveness", isPassingAtFirst: true })]);
  await bed.askIn(0);
  await bed.askIn(PERIOD_MS);
  assert.equal(bed.changes, 0);
  await bed.askIn(PERIOD_MS);
  assert.equal(bed.changes, 1);
  assert.equal(bed.clock.timerCount, 0);
  bed.clock.advance(7_000);
  bed.clock.jumpWallClock(3_600_000);
  assert.deepEqual(bed.prober.observe("pod-uid"), [
    { container: "compute", kind: "liveness", isPassing: false, failedForMs: 7_000 },
  ]);
  const unhealthy = "Warning Unhealthy: Liveness probe failed: connection refused";
  const killing = "Normal Killing: Container compute failed liveness probe";
  assert.deepEqual(bed.told, [unhealthy, unhealthy, killing]);
});

Deno.test("Prober takes what it cannot ask for neither success nor failure", async () => {
  using bed = new Bed();
  const target = { type: "none", why: "no port is named web" } as const;
  const both = [
    probe(0, { target }),
    probe(0, { target, kind: "liveness", isPassingAtFirst: true }),
  ];
  bed.prober.ask(POD, both);
  for (const delayMs of [0, PERIOD_MS, PERIOD_MS, PERIOD_MS]) {
    bed.clock.advance(delayMs);
    await eventually("both are due again", () => bed.clock.timerCount === 2);
  }
  assert.deepEqual(bed.isPassing, [false, true]);
  assert.equal(bed.changes, 0);
  assert.deepEqual(bed.told, [
    "Warning Unhealthy: Readiness probe errored: no port is named web",
    "Warning Unhealthy: Liveness probe errored: no port is named web",
  ]);
});

Deno.test("Prober stops what is wanted no more and keeps the rest as it is", async () => {
  using bed = new Bed();
  await using server = await listenOn(createServer());
  const readiness = probe(server.port);
  const liveness = probe(server.port, {
    kind: "liveness",
    isPassingAtFirst: true,
    firstAfterMs: 60_000,
  });
  bed.prober.ask(POD, [readiness, liveness]);
  await bed.askIn(0);
  bed.prober.ask(POD, [readiness]);
  assert.deepEqual(bed.isPassing, [true]);
  assert.equal(bed.clock.timerCount, 1);
  assert.equal(bed.clock.nextTimerMs, PERIOD_MS);
  bed.prober.forget("pod-uid");
  assert.deepEqual(bed.isPassing, []);
  assert.equal(bed.clock.timerCount, 0);
});

Deno.test("Prober says nothing of an answer that comes after its end", async () => {
  using bed = new Bed();
  const target = { type: "tcp", host: "192.0.2.1", port: 80 } as const;
  bed.prober.ask(POD, [probe(0, { target, isPassingAtFirst: true })]);
  bed.clock.advance(0);
  bed.prober.forget("pod-uid");
  await eventually("nothing is waited for", () => bed.clock.timerCount === 0);
  assert.deepEqual(bed.told, []);
  assert.equal(bed.changes, 0);
});

async function closedPort(): Promise<{ port: number }> {
  const server = await listenOn(createServer());
  await server[Symbol.asyncDispose]();
  return server;
}
