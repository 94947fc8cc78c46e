import assert from "node:assert/strict";
import { LEASES } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import type { KubeObject } from "../kube/object.ts";
import { FakeClock } from "./fake_clock.ts";
import {
  LeaderElection,
  LEASE_DURATION_SECONDS,
  LostLeaseError,
  RENEW_DEADLINE_MS,
  RETRY_MS,
  TERM_DRAIN_MS,
} from "./leader_election.ts";
import { SILENT_LOGGER } from "./log.ts";
import { MetricsRegistry } from "./metrics.ts";
import { eventually } from "./testing/eventually.ts";

const KEY = { namespace: "kubevirt", name: "controllers" };

interface Lease extends KubeObject {
  spec: {
    holderIdentity: string;
    leaseDurationSeconds: number;
    leaseTransitions: number;
    renewTime: string;
    acquireTime: string;
  };
}

/** A server that can be cut off, and its lease. */
class Server {
  readonly clock = new FakeClock();
  reachable = true;
  /** Lists and watches fail, as those of a connection that died without a word. */
  blind = false;
  /** Attempts; not what the watch of the lease asks. */
  calls = 0;
  /** Calls are not answered until they are aborted. */
  hanging = false;
  readonly client = new FakeClient({
    now: () => this.clock.now(),
    onCall: ({ verb, signal }) => {
      const isWatching = verb === "list" || verb === "watch";
      if (!isWatching) this.calls++;
      if (!this.reachable || (this.blind && isWatching)) throw new Error("no route");
      return this.hanging ? rejection(signal) : undefined;
    },
  });

  async lease(): Promise<Lease | undefined> {
    const { reachable } = this;
    this.reachable = true;
    const lease = await this.client.get<Lease>(LEASES, KEY);
    this.reachable = reachable;
    this.calls--;
    return lease;
  }
}

/** One replica; its terms follow each other. */
class Replica implements AsyncDisposable {
  terms = 0;
  readonly stop = new AbortController();
  readonly metrics = new MetricsRegistry();
  signal: AbortSignal | undefined;
  /** Resolves, or rejects with what `run` threw. */
  readonly running: Promise<unknown>;
  readonly #finish = Promise.withResolvers<void>();

  constructor(readonly server: Server, identity: string) {
    const { client, clock } = server;
    const election = new LeaderElection({
      ...KEY,
      client,
      clock,
      identity,
      metrics: this.metrics,
      logger: SILENT_LOGGER,
      random: () => 0,
    });
    const lead = async (signal: AbortSignal) => {
      this.terms++;
      this.signal = signal;
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => resolve())
      );
      await Promise.race([aborted, this.#finish.promise]);
    };
    const run = () => election.run(lead, this.stop.signal).catch((error) => error);
    this.running = run();
    this.again = run;
  }

  /** Another term, of the same election. */
  again: () => Promise<unknown>;

  get leads(): boolean {
    return this.signal !== undefined && !this.signal.aborted;
  }

  finish(): void {
    this.#finish.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.running;
  }
}

function rejection(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason))
  );
}

/** Lets everything run that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Moves time in steps of one retry, letting each attempt be answered. */
async function pass(server: Server, durationMs: number): Promise<void> {
  for (let leftMs = durationMs; leftMs > 0; leftMs -= RETRY_MS) {
    const { calls } = server;
    server.clock.advance(Math.min(leftMs, RETRY_MS));
    if (leftMs >= RETRY_MS) await eventually("an attempt was made", () => server.calls > calls);
    await turns();
  }
}

Deno.test("leader_election creates the lease and leads", async () => {
  const server = new Server();
  await using replica = new Replica(server, "a");
  await eventually("a leads", () => replica.leads);
  const lease = await server.lease();
  assert.equal(lease?.spec.holderIdentity, "a");
  assert.equal(lease?.spec.leaseDurationSeconds, LEASE_DURATION_SECONDS);
  assert.match(lease?.spec.renewTime ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.ok(replica.metrics.render().includes('denovirt_leader{lease="controllers"} 1\n'));
});

Deno.test("leader_election has one leader, which renews", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  await using b = new Replica(server, "b");
  await pass(server, 10 * LEASE_DURATION_SECONDS * 1000);
  assert.deepEqual([a.leads, b.leads], [true, false]);
  const lease = await server.lease();
  assert.equal(lease?.spec.leaseTransitions, 0);
  assert.ok((lease?.spec.renewTime ?? "") > (lease?.spec.acquireTime ?? ""));
});

Deno.test("leader_election stops acting before the lease expires when it cannot renew", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  server.reachable = false;
  await pass(server, RENEW_DEADLINE_MS - 1);
  assert.equal(a.leads, true);
  server.clock.advance(1);
  await eventually("a stops", () => !a.leads);
  assert.ok(server.clock.monotonicMs() < LEASE_DURATION_SECONDS * 1000);
  assert.ok(await a.running instanceof LostLeaseError);
  assert.ok(a.signal?.reason instanceof LostLeaseError);
  assert.equal((await server.lease())?.spec.holderIdentity, "a", "what is lost is not released");
  assert.equal(server.clock.timerCount, 0);
});

Deno.test("leader_election stops acting before the lease expires when a renewal hangs", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  server.hanging = true;
  await pass(server, RETRY_MS);
  server.clock.advance(RENEW_DEADLINE_MS - RETRY_MS - 1);
  assert.equal(a.leads, true);
  server.clock.advance(1);
  await eventually("a stops", () => !a.leads);
  assert.ok(await a.running instanceof LostLeaseError);
  assert.equal(server.clock.timerCount, 0);
});

Deno.test("leader_election goes on leading through failures that end in time", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  for (let i = 0; i < 3; i++) {
    server.reachable = false;
    await pass(server, 1_000);
    server.reachable = true;
    await pass(server, 1_000);
  }
  assert.equal(a.leads, true);
});

Deno.test("leader_election steals a lease that it has not seen change for its duration", async () => {
  const server = new Server();
  const dead = { holderIdentity: "dead", leaseDurationSeconds: 15, leaseTransitions: 4 };
  const longAgo = "2020-01-01T00:00:00.000000Z";
  await server.client.create(LEASES, { metadata: KEY, spec: { ...dead, renewTime: longAgo } });
  await using b = new Replica(server, "b");
  await eventually("b looked", () => server.calls >= 2);
  await turns();
  server.clock.advance(14_999);
  await turns();
  assert.equal(b.leads, false, "the wall clock of the holder says nothing");
  assert.equal(server.calls, 2, "who waits asks for nothing");
  server.clock.advance(1);
  await eventually("b leads", () => b.leads);
  const lease = await server.lease();
  assert.deepEqual([lease?.spec.holderIdentity, lease?.spec.leaseTransitions], ["b", 5]);
});

Deno.test("leader_election is not moved by jumps of the wall clock", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  await using b = new Replica(server, "b");
  server.clock.jumpWallClock(24 * 3_600_000);
  await pass(server, 6_000);
  server.clock.jumpWallClock(-48 * 3_600_000);
  await pass(server, 30_000);
  assert.deepEqual([a.leads, b.leads], [true, false]);
});

Deno.test("leader_election stops at once when another holds the lease", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  await server.client.patch(LEASES, KEY, { spec: { holderIdentity: "thief" } });
  await pass(server, 2 * RETRY_MS);
  await eventually("a stops", () => !a.leads);
  assert.ok(await a.running instanceof LostLeaseError);
  assert.equal((await server.lease())?.spec.holderIdentity, "thief");
});

Deno.test("leader_election releases on shutdown, after the work has ended; the next one leads at once", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  a.stop.abort();
  assert.equal(await a.running, undefined);
  assert.equal((await server.lease())?.spec.holderIdentity, "");
  await using b = new Replica(server, "b");
  await eventually("b leads", () => b.leads);
  assert.equal((await server.lease())?.spec.leaseTransitions, 1);
});

Deno.test("leader_election releases when the work ends by itself", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  a.finish();
  assert.equal(await a.running, undefined);
  assert.equal((await server.lease())?.spec.holderIdentity, "");
  assert.equal(server.clock.timerCount, 0);
});

Deno.test("leader_election ends quietly when it is stopped while waiting", async () => {
  const server = new Server();
  const spec = { holderIdentity: "other", leaseDurationSeconds: 15 };
  await server.client.create(LEASES, { metadata: KEY, spec });
  await using a = new Replica(server, "a");
  await eventually("a looked", () => server.calls >= 2);
  await turns();
  a.stop.abort();
  assert.equal(await a.running, undefined);
  assert.equal(a.signal, undefined);
  assert.equal(server.clock.timerCount, 0);
});

Deno.test("leader_election leaves the passes of a term time to end before the lease expires", () => {
  assert.ok(RENEW_DEADLINE_MS + TERM_DRAIN_MS < LEASE_DURATION_SECONDS * 1000);
});

/** A leader on another machine, as far as its lease tells of it. */
async function otherLeader(server: Server): Promise<{ write(holder?: string): Promise<void> }> {
  let renewals = 0;
  const specOf = (holderIdentity: string) => ({
    holderIdentity,
    leaseDurationSeconds: LEASE_DURATION_SECONDS,
    leaseTransitions: renewals++,
  });
  await server.client.create(LEASES, { metadata: KEY, spec: specOf("other") });
  return {
    async write(holder = "other") {
      await server.client.patch(LEASES, KEY, { spec: specOf(holder) });
      server.calls = 0;
      await turns();
    },
  };
}

Deno.test("leader_election replaces a leader that died one duration after its last renewal, and asks only then", async () => {
  const server = new Server();
  const other = await otherLeader(server);
  await using a = new Replica(server, "a");
  await eventually("a looked", () => server.calls >= 2);
  for (let renewal = 0; renewal < 3; renewal++) {
    await turns();
    server.clock.advance(LEASE_DURATION_SECONDS * 1000 - 1);
    await other.write();
  }
  server.clock.advance(LEASE_DURATION_SECONDS * 1000 - 1);
  await turns();
  assert.deepEqual([a.leads, server.calls], [false, 0]);
  server.clock.advance(1);
  await eventually("a leads", () => a.leads);
});

Deno.test("leader_election takes over at once when the lease is released or removed", async () => {
  for (const way of ["released", "removed"]) {
    const server = new Server();
    const other = await otherLeader(server);
    await using a = new Replica(server, "a");
    await eventually("a looked", () => server.calls >= 2);
    await turns();
    if (way === "released") await other.write("");
    else await server.client.delete(LEASES, KEY);
    await eventually(`a leads after the lease was ${way}`, () => a.leads);
    assert.equal(server.clock.monotonicMs(), new Server().clock.monotonicMs());
  }
});

Deno.test("leader_election does not take a lease because it is blind to renewals", async () => {
  const server = new Server();
  server.blind = true;
  const other = await otherLeader(server);
  await using a = new Replica(server, "a");
  await eventually("a looked", () => server.calls >= 2);
  await turns();
  server.clock.advance(LEASE_DURATION_SECONDS * 1000 - 1);
  await other.write();
  server.clock.advance(1);
  await eventually("a asked", () => server.calls >= 1);
  await turns();
  server.clock.advance(LEASE_DURATION_SECONDS * 1000 - 1);
  await turns();
  assert.equal(a.leads, false);
  server.clock.advance(1);
  await eventually("a leads", () => a.leads);
});

Deno.test("leader_election goes from term to term", async () => {
  const server = new Server();
  await using a = new Replica(server, "a");
  await eventually("a leads", () => a.leads);
  server.reachable = false;
  await pass(server, RENEW_DEADLINE_MS - RETRY_MS);
  server.clock.advance(RETRY_MS);
  assert.ok(await a.running instanceof LostLeaseError);
  const second = a.again();
  await turns();
  server.reachable = true;
  await pass(server, RETRY_MS);
  await eventually("a leads again", () => a.terms === 2 && a.leads);
  assert.equal((await server.lease())?.spec.leaseTransitions, 0);
  a.stop.abort();
  assert.equal(await second, undefined);
});
