import assert from "node:assert/strict";
import { EVENTS } from "../kube/core_resources.ts";
import { type FakeCall, FakeClient } from "../kube/fake/fake_client.ts";
import { kubeErrorOf } from "../kube/kube_error.ts";
import { keyOf, type KubeObject } from "../kube/object.ts";
import {
  EVENT_BURST,
  EVENT_MEMORY_MS,
  EVENT_MESSAGE_LENGTH_MAX,
  EVENT_QUEUE_MAX,
  EVENT_REFILL_MS,
  EventRecorder,
  FLUSH_MS_MAX,
} from "./event_recorder.ts";
import { FakeClock } from "./fake_clock.ts";
import { SILENT_LOGGER } from "./log.ts";
import { MetricsRegistry } from "./metrics.ts";
import type { EventRecord } from "./reconciler.ts";
import { eventually } from "./testing/eventually.ts";

interface Event extends KubeObject {
  count: number;
  message: string;
  firstTimestamp: string;
  lastTimestamp: string;
  involvedObject: Record<string, string>;
  source: Record<string, string>;
  type: string;
  reason: string;
}

function eventOn(name: string, message = "made it"): EventRecord {
  const metadata = { name, namespace: "ns", uid: `uid-${name}`, resourceVersion: "5" };
  const regarding = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", metadata };
  return { regarding, type: "Normal", reason: "SuccessfulCreate", message };
}

class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly metrics = new MetricsRegistry();
  readonly calls: FakeCall[] = [];
  fail: (call: FakeCall) => void = () => {};
  readonly client = new FakeClient({
    onCall: (call) => {
      this.calls.push(call);
      if (call.verb !== "list") this.fail(call);
    },
  });
  readonly recorder = new EventRecorder({
    client: this.client,
    component: "virtualmachine-controller",
    instance: "pod-1",
    logger: SILENT_LOGGER,
    clock: this.clock,
    metrics: this.metrics,
    random: () => 0,
  });
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  start(): this {
    this.#running = this.recorder.run(this.#stop.signal);
    return this;
  }

  async events(): Promise<Event[]> {
    return (await this.client.list<Event>(EVENTS)).items;
  }

  writes(count: number): Promise<void> {
    const done = () => this.calls.filter((call) => call.verb !== "list").length === count;
    return eventually(`${count} writes`, done);
  }

  dropped(reason: string, count: number): boolean {
    const line = `denovirt_events_dropped_total{reason="${reason}"} ${count}\n`;
    return this.metrics.render().includes(line);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    assert.equal(this.clock.timerCount, 0, "a timer was left");
  }
}

Deno.test("event_recorder writes what kubectl describe shows", async () => {
  await using scene = new Scene().start();
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(1);
  const [event] = await scene.events();
  assert.match(event?.metadata.name ?? "", /^vm-1\.[0-9a-f-]+$/);
  assert.deepEqual(event?.involvedObject, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    name: "vm-1",
    namespace: "ns",
    uid: "uid-vm-1",
    resourceVersion: "5",
  });
  assert.deepEqual(
    [event?.type, event?.reason, event?.message, event?.count, event?.metadata.namespace],
    ["Normal", "SuccessfulCreate", "made it", 1, "ns"],
  );
  assert.equal(event?.firstTimestamp, "2026-01-01T00:00:00Z");
  assert.deepEqual(event?.source, { component: "virtualmachine-controller", host: "pod-1" });
});

Deno.test("event_recorder counts an event that repeats", async () => {
  await using scene = new Scene().start();
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(1);
  scene.clock.advance(60_000);
  scene.recorder.record(eventOn("vm-1"));
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(2);
  const [event, ...others] = await scene.events();
  assert.deepEqual([event?.count, others.length], [3, 0]);
  assert.equal(event?.firstTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(event?.lastTimestamp, "2026-01-01T00:01:00Z");
});

Deno.test("event_recorder begins a new event when the counted one has expired", async () => {
  await using scene = new Scene().start();
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(1);
  const [old] = await scene.events();
  assert.ok(old);
  await scene.client.delete(EVENTS, keyOf(old));
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(4);
  const [event] = await scene.events();
  assert.equal(event?.count, 1);
});

Deno.test("event_recorder forgets what did not come again for long", async () => {
  await using scene = new Scene().start();
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(1);
  scene.clock.advance(EVENT_MEMORY_MS);
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(2);
  assert.deepEqual((await scene.events()).map(({ count }) => count), [1, 1]);
});

Deno.test("event_recorder gives each object a budget that refills", async () => {
  await using scene = new Scene().start();
  for (let i = 0; i < EVENT_BURST + 5; i++) scene.recorder.record(eventOn("vm-1", `message ${i}`));
  scene.recorder.record(eventOn("vm-2"));
  await scene.writes(EVENT_BURST + 1);
  assert.ok(scene.dropped("budget", 5));
  scene.clock.advance(EVENT_REFILL_MS);
  scene.recorder.record(eventOn("vm-1", "later"));
  await scene.writes(EVENT_BURST + 2);
});

Deno.test("event_recorder drops when its queue is full, without waiting or throwing", async () => {
  await using scene = new Scene();
  for (let i = 0; i < EVENT_QUEUE_MAX + 3; i++) scene.recorder.record(eventOn(`vm-${i}`));
  assert.ok(scene.dropped("queue_full", 3));
});

Deno.test("event_recorder retries what may pass and drops what never will", async () => {
  await using scene = new Scene().start();
  let failures = 2;
  scene.fail = () => {
    if (failures-- > 0) throw kubeErrorOf(503, {}, "create events");
  };
  scene.recorder.record(eventOn("vm-1"));
  await scene.writes(1);
  await eventually("it backs off", () => scene.clock.timerCount === 1);
  scene.clock.advance(500);
  await scene.writes(2);
  await eventually("it backs off", () => scene.clock.timerCount === 1);
  scene.clock.advance(1_000);
  await scene.writes(3);
  assert.equal((await scene.events()).length, 1);
  scene.fail = () => {
    throw kubeErrorOf(403, { reason: "Forbidden" }, "create events");
  };
  scene.recorder.record(eventOn("vm-2"));
  await eventually("it is dropped", () => scene.dropped("failed", 1));
});

Deno.test("event_recorder cuts messages and names to what the server takes", async () => {
  await using scene = new Scene().start();
  scene.recorder.record(eventOn("n".repeat(253), "m".repeat(5_000)));
  await scene.writes(1);
  const [event] = await scene.events();
  assert.equal(event?.message.length, EVENT_MESSAGE_LENGTH_MAX);
});

Deno.test("event_recorder writes what waits when it is stopped", async () => {
  await using scene = new Scene();
  for (let i = 0; i < 5; i++) scene.recorder.record(eventOn(`vm-${i}`));
  scene.start();
  await scene.stop();
  assert.equal((await scene.events()).length, 5);
});

Deno.test("event_recorder does not wait for a server that is away when it is stopped", async () => {
  await using scene = new Scene();
  for (let i = 0; i < 5; i++) scene.recorder.record(eventOn(`vm-${i}`));
  scene.fail = () => {
    scene.clock.advance(FLUSH_MS_MAX / 2);
    throw kubeErrorOf(503, {}, "create events");
  };
  scene.start();
  await scene.stop();
  assert.ok(scene.dropped("failed", 3));
  assert.ok(scene.dropped("stopped", 2));
});
