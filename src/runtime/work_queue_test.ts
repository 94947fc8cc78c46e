import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "./fake_clock.ts";
import { MetricsRegistry } from "./metrics.ts";
import { WorkQueue } from "./work_queue.ts";

const BACKOFF = { baseMs: 100, maxMs: 1_000, random: () => 0 };

function queue(clock = new FakeClock()): { queue: WorkQueue; clock: FakeClock } {
  return { queue: new WorkQueue({ name: "test", clock, backoff: BACKOFF }), clock };
}

Deno.test("workqueue.add() deduplicates a queued key", async () => {
  const { queue: q } = queue();
  q.add("a");
  q.add("b");
  q.add("a");
  assert.equal(q.size, 2);
  assert.deepEqual([await q.get(), await q.get()], ["a", "b"]);
});

Deno.test("workqueue.get() never hands out a key twice at once", async () => {
  const { queue: q } = queue();
  q.add("a");
  assert.equal(await q.get(), "a");
  q.add("a");
  q.add("b");
  assert.equal(await q.get(), "b");
  assert.equal(q.size, 0);
});

Deno.test("workqueue.done() hands out again a key that was added while processing", async () => {
  const { queue: q } = queue();
  q.add("a");
  await q.get();
  q.add("a");
  q.add("a");
  q.done("a");
  assert.equal(await q.get(), "a");
  q.done("a");
  assert.equal(q.size, 0);
});

Deno.test("workqueue.add() lets the earliest delay win", () => {
  const { queue: q, clock } = queue();
  q.add("a", { afterMs: 500 });
  q.add("a", { afterMs: 200 });
  q.add("a", { afterMs: 900 });
  clock.advance(199);
  assert.equal(q.size, 0);
  clock.advance(1);
  assert.equal(q.size, 1);
  clock.advance(10_000);
  assert.equal(q.size, 1);
  assert.equal(clock.timerCount, 0);
});

Deno.test("workqueue.add() without delay replaces a delayed request", () => {
  const { queue: q, clock } = queue();
  q.add("a", { afterMs: 500 });
  q.add("a");
  assert.equal(q.size, 1);
  assert.equal(clock.timerCount, 0);
});

Deno.test("workqueue.add() with a delay does nothing for a key that is ready", async () => {
  const { queue: q, clock } = queue();
  q.add("a");
  q.add("a", { afterMs: 100 });
  await q.get();
  q.done("a");
  clock.advance(1_000);
  assert.equal(q.size, 0);
});

Deno.test("workqueue.add() keeps a delay that comes due while processing for after done()", async () => {
  const { queue: q, clock } = queue();
  q.add("a");
  await q.get();
  q.add("a", { afterMs: 10 });
  clock.advance(10);
  assert.equal(q.size, 0);
  q.done("a");
  assert.equal(q.size, 1);
});

Deno.test("workqueue.retry() backs off per key up to the limit and forgets on success", () => {
  const { queue: q } = queue();
  const delays = [1, 2, 3, 4, 5, 6].map(() => q.retry("a"));
  assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000]);
  assert.equal(q.retry("b"), 100);
  assert.equal(q.failures("a"), 6);
  q.forget("a");
  assert.equal(q.failures("a"), 0);
  assert.equal(q.retry("a"), 100);
  q.shutDown();
});

Deno.test("workqueue.retry() waits at least as long as the server asked", () => {
  const { queue: q, clock } = queue();
  assert.equal(q.retry("a", { atLeastMs: 3_000 }), 3_000);
  assert.equal(clock.nextTimerMs, 3_000);
  q.shutDown();
});

Deno.test("workqueue.get() waits for a key, and each key wakes one getter", async () => {
  const { queue: q } = queue();
  const first = q.get();
  const second = q.get();
  q.add("a");
  assert.equal(await first, "a");
  q.add("b");
  assert.equal(await second, "b");
});

Deno.test("workqueue.get() serves all waiting getters when keys arrive at once", async () => {
  const { queue: q } = queue();
  const getters = [q.get(), q.get(), q.get()];
  q.add("a");
  q.add("b");
  q.add("c");
  assert.deepEqual((await Promise.all(getters)).sort(), ["a", "b", "c"]);
});

Deno.test("workqueue.get() returns nothing on abort and leaves the key to others", async () => {
  const { queue: q } = queue();
  const stop = new AbortController();
  const getting = q.get(stop.signal);
  stop.abort();
  assert.equal(await getting, undefined);
  q.add("a");
  assert.equal(await q.get(), "a");
});

Deno.test("workqueue.get() passes on a key that arrives together with its abort", async () => {
  const { queue: q } = queue();
  const stop = new AbortController();
  const aborted = q.get(stop.signal);
  const other = q.get();
  q.add("a");
  stop.abort();
  assert.equal(await aborted, undefined);
  assert.equal(await other, "a");
});

Deno.test("workqueue.shutDown() drains: hands out what is ready, takes nothing new, ends getters", async () => {
  const { queue: q, clock } = queue();
  q.add("a");
  q.add("late", { afterMs: 100 });
  q.shutDown();
  q.add("new");
  let drained = false;
  const draining = q.drained().then(() => drained = true);
  assert.equal(await q.get(), "a");
  assert.equal(await q.get(), undefined);
  assert.equal(drained, false);
  q.done("a");
  await draining;
  assert.equal(clock.timerCount, 0);
});

Deno.test("workqueue.shutDown() can discard what is ready", async () => {
  const { queue: q } = queue();
  q.add("a");
  const other = queue().queue;
  const waiting = other.get();
  q.shutDown({ discard: true });
  other.shutDown();
  assert.equal(await q.get(), undefined);
  assert.equal(await waiting, undefined);
  await q.drained();
});

Deno.test("workqueue metrics exist at 0 and follow the queue", async () => {
  const metrics = new MetricsRegistry();
  const q = new WorkQueue({ name: "test", clock: new FakeClock(), metrics });
  assert.ok(metrics.render().includes('denovirt_workqueue_depth{queue="test"} 0\n'));
  assert.ok(metrics.render().includes('denovirt_workqueue_retries_total{queue="test"} 0\n'));
  q.add("a");
  assert.ok(metrics.render().includes('denovirt_workqueue_depth{queue="test"} 1\n'));
  await q.get();
  assert.ok(metrics.render().includes('denovirt_workqueue_depth{queue="test"} 0\n'));
  assert.ok(metrics.render().includes('denovirt_workqueue_adds_total{queue="test"} 1\n'));
});

type Step =
  | { do: "add"; key: string; afterMs: number }
  | { do: "get" }
  | { do: "done" }
  | { do: "retry"; key: string }
  | { do: "advance"; ms: number };

const key = fc.constantFrom("a", "b", "c");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key, afterMs: fc.constantFrom(0, 0, 50, 500) }),
  fc.constant<Step>({ do: "get" }),
  fc.constant<Step>({ do: "done" }),
  fc.record({ do: fc.constant("retry" as const), key }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(10, 100, 1_000) }),
);

/** Whatever happens, a key asked for is worked on after the last request for it, and never twice at once. */
async function followsTheModel(steps: Step[]): Promise<void> {
  const { queue: q, clock } = queue();
  const wanted = new Set<string>();
  const processing: string[] = [];
  const take = async () => {
    const key = await q.get();
    assert.ok(key !== undefined && !processing.includes(key), `handed out twice: ${key}`);
    assert.ok(wanted.delete(key), `nobody asked for ${key}`);
    processing.push(key);
  };
  for (const each of steps) {
    if (each.do === "add") q.add(each.key, each);
    if (each.do === "retry") q.retry(each.key);
    if (each.do === "add" || each.do === "retry") wanted.add(each.key);
    if (each.do === "advance") clock.advance(each.ms);
    if (each.do === "get" && q.size > 0) await take();
    const finished = each.do === "done" ? processing.shift() : undefined;
    if (finished !== undefined) q.done(finished);
  }
  for (const key of processing.splice(0)) q.done(key);
  clock.advance(10_000);
  while (q.size > 0) {
    await take();
    q.done(processing.shift()!);
  }
  assert.deepEqual([...wanted], [], "asked for and never handed out");
  assert.equal(clock.timerCount, 0);
}

Deno.test("workqueue loses no key and hands out none twice, in any order of calls", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), followsTheModel), {
    numRuns: 300,
  });
});
