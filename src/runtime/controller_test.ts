import assert from "node:assert/strict";
import { GADGETS } from "../kube/client_contract.ts";
import { UNREACHABLE_RETRY_MS_MAX, UnreachableError } from "../kube/client.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { kubeErrorOf } from "../kube/kube_error.ts";
import { formatKey, keyOf, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { Controller, type ControllerOptions } from "./controller.ts";
import { FakeClock } from "./fake_clock.ts";
import { Informer } from "./informer.ts";
import { JsonLogger, SILENT_LOGGER } from "./log.ts";
import { MetricsRegistry } from "./metrics.ts";
import {
  type Decision,
  type EventRecord,
  type FailureReport,
  type Reconciler,
  TerminalError,
} from "./reconciler.ts";
import { eventually } from "./testing/eventually.ts";

interface World {
  key: string;
  pass: number;
}
interface Action {
  type: string;
}
type Status = string;

const REGARDING: KubeObject = {
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name: "one", namespace: "ns", uid: "u" },
};
const KEY = { namespace: "ns", name: "one" };

/** A controller whose steps a test replaces, and the trace of what it did. */
class Scene implements AsyncDisposable, Reconciler<World, Action, Status> {
  readonly name = "thing-controller";
  readonly clock = new FakeClock();
  readonly metrics = new MetricsRegistry();
  readonly events: EventRecord[] = [];
  readonly lines: Record<string, unknown>[] = [];
  readonly trace: string[] = [];
  readonly controller: Controller<World, Action, Status>;
  readonly stop = new AbortController();
  running: Promise<void> = Promise.resolve();
  pass = 0;

  onObserve: (key: ObjectKey, signal: AbortSignal) => unknown = () => {};
  onDecide: (world: World) => Decision<Action, Status> = () => ({ actions: [], status: "" });
  onAct: (action: Action, signal: AbortSignal) => unknown = () => {};
  onReport: (error: unknown, action: Action) => FailureReport<Status> = () => ({});

  constructor(options: Partial<ControllerOptions<World, Action, Status>> = {}) {
    const { clock, metrics } = this;
    const write = (line: string) => void this.lines.push(JSON.parse(line));
    this.controller = new Controller({
      reconciler: this,
      logger: new JsonLogger({ level: "debug", write }),
      events: { record: (event) => void this.events.push(event) },
      backoff: { baseMs: 100, maxMs: 1_000, random: () => 0 },
      clock,
      metrics,
      ...options,
    });
  }

  async observe(key: ObjectKey, signal: AbortSignal): Promise<World | undefined> {
    this.pass++;
    this.trace.push(`observe ${formatKey(key)}`);
    const answer = await this.onObserve(key, signal);
    return answer === null ? undefined : { key: formatKey(key), pass: this.pass };
  }
  decide(world: World): Decision<Action, Status> {
    this.trace.push("decide");
    return this.onDecide(world);
  }
  async act(action: Action, _world: World, signal: AbortSignal): Promise<void> {
    this.trace.push(`act ${action.type}`);
    await this.onAct(action, signal);
  }
  writeStatus(status: Status): Promise<void> {
    this.trace.push(`status ${status}`);
    return Promise.resolve();
  }

  report(error: unknown, action: Action): FailureReport<Status> {
    return this.onReport(error, action);
  }

  start(): this {
    this.running = this.controller.run(this.stop.signal);
    return this;
  }

  /** Resolves after `count` passes ended in this way. */
  ended(outcome: string, count = 1): Promise<void> {
    const labels = `controller="${this.name}",outcome="${outcome}"`;
    const line = `denovirt_reconcile_total{${labels}} ${count}\n`;
    return eventually(`${outcome} ${count}`, () => this.metrics.render().includes(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.running;
    assert.equal(this.clock.timerCount, 0, "a timer was left");
  }
}

Deno.test("controller makes one decision per pass: observe, decide, act in order, status, events", async () => {
  await using scene = new Scene().start();
  const event = { regarding: REGARDING, type: "Normal", reason: "Made", message: "m" } as const;
  scene.onDecide = () => ({
    actions: [{ type: "first" }, { type: "second" }],
    status: "Ready",
    events: [event],
  });
  scene.controller.enqueue(KEY);
  await scene.ended("success");
  assert.deepEqual(scene.trace, [
    "observe ns/one",
    "decide",
    "act first",
    "act second",
    "status Ready",
  ]);
  assert.deepEqual(scene.events, [event]);
  assert.equal(scene.clock.timerCount, 0);
});

Deno.test("controller does nothing more for an object that is gone", async () => {
  await using scene = new Scene().start();
  scene.onObserve = () => null;
  scene.controller.enqueue(KEY);
  await scene.ended("gone");
  assert.deepEqual(scene.trace, ["observe ns/one"]);
  assert.equal(scene.clock.timerCount, 0);
});

Deno.test("controller gives every pass a reconcileId that is on each of its lines", async () => {
  await using scene = new Scene().start();
  scene.onDecide = () => ({ actions: [{ type: "a" }], status: "" });
  scene.onAct = () => {
    throw new Error("no luck");
  };
  scene.controller.enqueue(KEY);
  await scene.ended("error");
  scene.clock.advance(100);
  await scene.ended("error", 2);
  const ids = scene.lines.map((line) => line.reconcileId);
  assert.equal(ids.length, 6);
  assert.deepEqual(ids.map((id) => ids.indexOf(id)), [0, 0, 0, 3, 3, 3]);
  assert.ok(scene.lines.every((line) => line.key === "ns/one" && line.controller === scene.name));
});

Deno.test("controller retries a failing pass with back-off, and forgets the failures on success", async () => {
  await using scene = new Scene().start();
  scene.onObserve = () => {
    if (scene.pass <= 3) throw new Error("unknown is not absent");
  };
  scene.controller.enqueue(KEY);
  const delays: (number | undefined)[] = [];
  for (let failures = 1; failures <= 3; failures++) {
    await scene.ended("error", failures);
    await eventually("it backs off", () => scene.clock.timerCount === 1);
    delays.push(scene.clock.nextTimerMs);
    scene.clock.advance(delays.at(-1) ?? 0);
  }
  await scene.ended("success");
  assert.deepEqual(delays, [100, 200, 400]);
  scene.pass = 0;
  scene.controller.enqueue(KEY);
  await scene.ended("error", 4);
  await eventually("it backs off", () => scene.clock.timerCount === 1);
  assert.equal(scene.clock.nextTimerMs, 100);
});

Deno.test("controller comes back soon after the server does, however long it was away", async () => {
  await using scene = new Scene({ backoff: { baseMs: 100, maxMs: 60_000 } }).start();
  scene.onObserve = () => {
    throw new UnreachableError("Cannot get things: connection refused");
  };
  scene.controller.enqueue(KEY);
  for (let failures = 1; failures <= 8; failures++) {
    await scene.ended("error", failures);
    await eventually("it backs off", () => scene.clock.timerCount === 1);
    const delayMs = scene.clock.nextTimerMs ?? 0;
    assert.ok(Math.round(delayMs) <= UNREACHABLE_RETRY_MS_MAX, `${delayMs}`);
    scene.clock.advance(delayMs);
  }
});

Deno.test("controller waits as long as the server asked", async () => {
  await using scene = new Scene().start();
  const details = { retryAfterSeconds: 7 };
  scene.onObserve = () => {
    throw kubeErrorOf(429, { reason: "TooManyRequests", details }, "get things");
  };
  scene.controller.enqueue(KEY);
  await eventually("it backs off", () => scene.clock.timerCount === 1);
  assert.equal(scene.clock.nextTimerMs, 7_000);
});

Deno.test("controller does not retry a terminal error", async () => {
  await using scene = new Scene().start();
  scene.onObserve = () => {
    throw new TerminalError("Cannot ever");
  };
  scene.controller.enqueue(KEY);
  await scene.ended("terminal_error");
  assert.equal(scene.clock.timerCount, 0);
  assert.equal(scene.lines.at(-1)?.level, "error");
});

Deno.test("controller requeues conflicts and vanished objects quietly, but not for ever", async () => {
  await using scene = new Scene().start();
  const details = { name: "one" };
  const races = [
    kubeErrorOf(409, { reason: "Conflict" }, "patch things"),
    kubeErrorOf(404, { reason: "NotFound", details }, "patch things"),
  ];
  scene.onDecide = () => ({ actions: [{ type: "a" }], status: "" });
  scene.onAct = () => {
    throw races[scene.pass % 2];
  };
  scene.onReport = () => {
    throw new Error("a race is not reported");
  };
  scene.controller.enqueue(KEY);
  for (let passes = 1; passes <= 6; passes++) {
    await scene.ended("conflict", passes);
    await eventually("it backs off", () => scene.clock.timerCount === 1);
    scene.clock.advance(1_000);
  }
  const levels = scene.lines.filter((line) => line.error).map((line) => line.level);
  assert.deepEqual(levels.slice(0, 6), ["debug", "debug", "debug", "debug", "debug", "warn"]);
});

Deno.test("controller looks again after requeueAfterMs, and a change in between is not waited for", async () => {
  await using scene = new Scene().start();
  scene.onDecide = () => ({ actions: [], status: "", requeueAfterMs: 5_000 });
  scene.controller.enqueue(KEY);
  await scene.ended("requeue_after");
  await eventually("it waits", () => scene.clock.nextTimerMs === 5_000);
  scene.controller.enqueue(KEY);
  await scene.ended("requeue_after", 2);
  await eventually("it waits", () => scene.clock.nextTimerMs === 5_000);
  scene.clock.advance(5_000);
  await scene.ended("requeue_after", 3);
});

Deno.test("controller holds a passing status back, and does not write it when another follows", async () => {
  await using scene = new Scene();
  scene.onDecide = ({ pass }) =>
    pass === 1
      ? { actions: [{ type: "begin" }], status: "passing", statusMayWaitMs: 1_000 }
      : { actions: [], status: "final" };
  scene.start().controller.enqueue(KEY);
  await scene.ended("requeue_after");
  scene.controller.enqueue(KEY);
  await scene.ended("success");
  assert.deepEqual(scene.trace.filter((line) => /^(act|status)/.test(line)), [
    "act begin",
    "status final",
  ]);
});

Deno.test("controller holds a status back no longer in all than it may wait", async () => {
  await using scene = new Scene();
  scene.onDecide = ({ pass }) => ({ actions: [], status: `${pass}`, statusMayWaitMs: 1_000 });
  scene.start().controller.enqueue(KEY);
  await scene.ended("requeue_after");
  await scene.clock.advance(600);
  scene.controller.enqueue(KEY);
  await scene.ended("requeue_after", 2);
  assert.ok(!scene.trace.some((line) => line.startsWith("status")));
  await scene.clock.advance(400);
  await scene.ended("success");
  assert.equal(scene.trace.at(-1), "status 3");
});

Deno.test("controller does what must come after the status only when it was written", async () => {
  await using scene = new Scene();
  scene.onDecide = ({ pass }) => ({
    actions: [{ type: "before" }],
    status: "s",
    actionsAfterStatus: [{ type: "after" }],
    ...(pass === 1 && { statusMayWaitMs: 100 }),
  });
  scene.start().controller.enqueue(KEY);
  await scene.ended("requeue_after");
  await scene.clock.advance(100);
  await scene.ended("success");
  assert.deepEqual(scene.trace.filter((line) => /^(act|status)/.test(line)), [
    "act before",
    "act before",
    "status s",
    "act after",
  ]);
});

Deno.test("controller cannot be kept busy by a decision that asks for no delay", async () => {
  await using scene = new Scene().start();
  scene.onDecide = () => ({ actions: [], status: "", requeueAfterMs: 0 });
  scene.controller.enqueue(KEY);
  await scene.ended("requeue_after");
  await eventually("it waits", () => scene.clock.timerCount === 1);
  assert.equal(scene.pass, 1);
});

Deno.test("controller logs a failing decide as a bug with the key, and retries with back-off", async () => {
  await using scene = new Scene().start();
  scene.onDecide = () => {
    throw new TypeError("undefined is not an object");
  };
  scene.controller.enqueue(KEY);
  await scene.ended("bug");
  await eventually("it backs off", () => scene.clock.nextTimerMs === 100);
  const { message, key, error } = scene.lines.at(-1) ?? {};
  assert.equal(message, "decide failed: this is a bug");
  assert.equal(key, "ns/one");
  assert.match(String(error), /undefined is not an object/);
});

Deno.test("controller reports a failed action, skips the rest and keeps the action's error", async () => {
  await using scene = new Scene().start();
  const event = {
    regarding: REGARDING,
    type: "Warning",
    reason: "Failed",
    message: "quota",
  } as const;
  scene.onDecide = () => ({ actions: [{ type: "a" }, { type: "b" }], status: "Ready" });
  scene.onAct = () => {
    throw new Error("quota");
  };
  scene.onReport = (error, action) => ({
    status: `Failed ${action.type}: ${(error as Error).message}`,
    events: [event],
  });
  scene.controller.enqueue(KEY);
  await scene.ended("error");
  assert.deepEqual(scene.trace.slice(2), ["act a", "status Failed a: quota"]);
  assert.deepEqual(scene.events, [event]);
  assert.match(String(scene.lines.at(-1)?.error), /quota/);
});

Deno.test("controller aborts a pass that takes too long, and retries it", async () => {
  await using scene = new Scene({ passTimeoutMs: 20 }).start();
  scene.onObserve = (_key, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  scene.controller.enqueue(KEY);
  await scene.ended("error");
  assert.match(String(scene.lines.at(-1)?.error), /within 20 ms/);
});

Deno.test("controller works on several keys at once, on each key once", async () => {
  const workers = 3;
  await using scene = new Scene({ workers }).start();
  const active = new Set<string>();
  const gate = Promise.withResolvers<void>();
  scene.onObserve = async (key) => {
    assert.ok(!active.has(formatKey(key)), "twice at once");
    active.add(formatKey(key));
    await gate.promise;
    active.delete(formatKey(key));
  };
  for (const name of ["a", "b", "c", "d"]) scene.controller.enqueue({ namespace: "ns", name });
  await eventually("all workers are busy", () => active.size === workers);
  for (const name of ["a", "b", "c", "d"]) scene.controller.enqueue({ namespace: "ns", name });
  gate.resolve();
  await scene.ended("success", 7);
});

Deno.test("controller lets passes finish on the stop, and begins none", async () => {
  await using scene = new Scene({ workers: 1 }).start();
  const gate = Promise.withResolvers<void>();
  scene.onObserve = () => gate.promise;
  scene.controller.enqueue(KEY);
  scene.controller.enqueue({ namespace: "ns", name: "two" });
  await eventually("a pass is going on", () => scene.trace.length === 1);
  scene.stop.abort();
  gate.resolve();
  await scene.running;
  assert.deepEqual(scene.trace, ["observe ns/one", "decide", "status "]);
});

Deno.test("controller aborts passes that outlast the drain", async () => {
  await using scene = new Scene({ drainMs: 1_000 }).start();
  const reason = new Error("lost the lease");
  let seen: unknown;
  scene.onObserve = (_key, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(seen = signal.reason))
    );
  scene.controller.enqueue(KEY);
  await eventually("a pass is going on", () => scene.trace.length === 1);
  scene.stop.abort(reason);
  scene.clock.advance(999);
  assert.equal(seen, undefined);
  scene.clock.advance(1);
  await scene.running;
  assert.equal(seen, reason);
  assert.deepEqual(scene.trace, ["observe ns/one"]);
});

Deno.test("controller tells users nothing of an action that its end has cut short", async () => {
  await using scene = new Scene({ drainMs: 0 }).start();
  scene.onDecide = () => ({ actions: [{ type: "a" }], status: "Ready" });
  scene.onAct = (_action, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  scene.onReport = () => ({
    status: "Failed",
    events: [{ regarding: REGARDING, type: "Warning", reason: "Failed", message: "no" }],
  });
  scene.controller.enqueue(KEY);
  await eventually("the action is going on", () => scene.trace.includes("act a"));
  scene.stop.abort(new Error("lost the lease"));
  scene.clock.advance(0);
  await scene.running;
  assert.deepEqual(scene.events, []);
  assert.equal(scene.trace.at(-1), "act a");
  assert.equal(scene.lines.at(-1)?.message, "pass cut short");
});

Deno.test("controller waits for its informers and maps old and new objects to keys", async () => {
  await using scene = new Scene();
  const client = new FakeClient();
  const parts = { client, clock: scene.clock, resource: GADGETS, logger: SILENT_LOGGER };
  const informer = new Informer<KubeObject & { spec: { of: string } }>(parts);
  scene.controller.watch(informer, ({ spec }) => [{ namespace: "ns", name: spec.of }]);
  const body = { metadata: { name: "one", namespace: "ns" }, spec: { of: "a" } };
  const made = await client.create(GADGETS, body);
  scene.start();
  scene.controller.enqueue(KEY);
  assert.equal(scene.pass, 0, "nothing is decided on an empty cache");
  const informing = informer.run(scene.stop.signal);
  await scene.ended("success", 2);
  assert.deepEqual(scene.trace.filter((line) => line.startsWith("observe")).sort(), [
    "observe ns/a",
    "observe ns/one",
  ]);
  scene.trace.length = 0;
  await client.patch(GADGETS, keyOf(made), { spec: { of: "b" } });
  await scene.ended("success", 4);
  assert.deepEqual(scene.trace.filter((line) => line.startsWith("observe")).sort(), [
    "observe ns/a",
    "observe ns/b",
  ]);
  scene.stop.abort();
  await informing;
});

Deno.test("controller follows its informers while it runs, and no longer", async () => {
  const client = new FakeClient();
  const clock = new FakeClock();
  const stop = new AbortController();
  const informer = new Informer({ client, clock, resource: GADGETS, logger: SILENT_LOGGER });
  const informing = informer.run(stop.signal);
  await client.create(GADGETS, { metadata: { name: "one", namespace: "ns" } });
  let mapped = 0;
  for (const term of [1, 2]) {
    await using scene = new Scene();
    scene.controller.watch(informer, (object) => {
      mapped++;
      return [keyOf(object)];
    });
    scene.start();
    await scene.ended("success");
    assert.equal(mapped, term, "a later term begins with what is there");
  }
  await client.create(GADGETS, { metadata: { name: "two", namespace: "ns" } });
  await informer.waitUntil(() => informer.size === 2, { timeoutMs: 30_000 });
  assert.equal(mapped, 2);
  stop.abort();
  await informing;
});

Deno.test("controller ends when it is stopped before its informers have synced", async () => {
  await using scene = new Scene();
  const client = new FakeClient();
  const informer = new Informer({ client, resource: GADGETS, logger: SILENT_LOGGER });
  scene.controller.watch(informer, (object) => [keyOf(object)]);
  scene.start();
  scene.stop.abort();
  await scene.running;
  assert.deepEqual(scene.trace, []);
});

Deno.test("controller metrics exist at 0", () => {
  const scene = new Scene();
  const text = scene.metrics.render();
  const outcomes = [
    "success",
    "requeue_after",
    "gone",
    "conflict",
    "error",
    "terminal_error",
    "bug",
  ];
  for (const outcome of outcomes) {
    const labels = `controller="thing-controller",outcome="${outcome}"`;
    assert.ok(text.includes(`denovirt_reconcile_total{${labels}} 0\n`), outcome);
  }
  assert.ok(text.includes('denovirt_reconcile_active{controller="thing-controller"} 0\n'));
  assert.ok(text.includes('denovirt_workqueue_depth{queue="thing-controller"} 0\n'));
});
