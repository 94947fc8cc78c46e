/**
 * The API server is killed while machines are created and deleted, and comes back on the same etcd: what was asked is done
 * soon after, nothing is lost or doubled, and a resource is listed only where its version is gone. With DENOVIRT_FAULTS=all it
 * is also stopped in order, for which it takes a minute.
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { Cluster } from "../cluster/cluster.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { say } from "../toolchain/progress.ts";
import type { ControlBed } from "./control_bed.ts";
import type { FaultProxy } from "./fault_proxy.ts";
import { ListBook } from "./list_book.ts";
import { openProxiedBed } from "./proxied_bed.ts";

const OLD = ["old-0", "old-1", "old-2", "old-3"];
const SIGNALS: readonly Deno.Signal[] = Deno.env.get("DENOVIRT_FAULTS") === "all"
  ? ["SIGKILL", "SIGTERM"]
  : ["SIGKILL"];
const AWAY_TIMEOUT_MS = 180_000;
const LOOK_MS = 20;
/** The aim is 2 s; a machine on which the API server itself is starting has no time for anybody. */
const CREATED_MS_MAX = 15_000;

async function untilReady(bed: ControlBed, ready: boolean): Promise<number> {
  const { admin } = bed.installation;
  await waitUntil({
    what: `the API server to be ${ready ? "back" : "away"}`,
    timeoutMs: AWAY_TIMEOUT_MS,
    intervalMs: LOOK_MS,
    look: () => admin.raw("GET", "/readyz").then(() => true, () => false),
    until: (seen) => seen === ready,
  });
  return Date.now();
}

/** One restart: machines of the round before go, others come. @returns what runs then */
async function restart(
  bed: ControlBed,
  { proxy, book, signal, running, names }: {
    proxy: FaultProxy;
    book: ListBook;
    signal: Deno.Signal;
    running: readonly string[];
    names: readonly string[];
  },
): Promise<string[]> {
  const [leaves, ...stay] = running;
  assert.ok(leaves);
  const cluster = await Cluster.attach(dirname(TEST_KUBECONFIG ?? ""));
  book.settle(proxy.takeCounts());
  const restarting = cluster.restartApiServer(signal);
  restarting.catch(() => {}); // Told below.
  const awayAtMs = await untilReady(bed, false);
  const asked = Promise.all([...names.map((name) => bed.apply(name)), bed.delete(leaves)]);
  asked.catch(() => {}); // Told when it is waited for.
  const readyAtMs = await untilReady(bed, true);
  await asked;
  const askedAtMs = Date.now();
  await Promise.all([...names.map((name) => bed.untilRunning(name)), bed.untilGone(leaves)]);
  const doneAtMs = Date.now();
  await restarting;
  const counts = proxy.takeCounts();
  const createdAtMs = counts.get("denovirt-controller pods")?.createdAtMs ?? NaN;
  const lists = [...counts].flatMap(([what, count]) =>
    count.lists > 0 ? [`${what} ${count.lists}`] : []
  );
  say(
    `${signal}: away ${readyAtMs - awayAtMs} ms; ready -> the last request was taken ` +
      `${askedAtMs - readyAtMs} ms, its pod was made ${createdAtMs - readyAtMs} ms, all ran ` +
      `${doneAtMs - readyAtMs} ms; lists: ${lists.join(", ") || "none"}`,
  );
  assert.ok(createdAtMs - askedAtMs <= CREATED_MS_MAX, `${createdAtMs - askedAtMs} ms`);
  book.settle(counts);
  const now = [...stay, ...names];
  for (const name of now) {
    await bed.untilRunning(name);
    assert.equal(bed.instancesEver(name), 1, `instances of ${name}`);
  }
  bed.assertOnePodEach();
  return now;
}

Deno.test({
  name: `controller: an API server that is restarted finds it at work soon after${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  fn: async (test) => {
    await using open = await openProxiedBed(TEST_KUBECONFIG ?? "", "left-alone");
    const { bed, controller, proxy } = open;
    await Promise.all(OLD.map((name) => bed.apply(name)));
    await Promise.all(OLD.map((name) => bed.untilRunning(name)));
    proxy.takeCounts();
    const book = new ListBook();
    let running: string[] = OLD;
    for (const signal of SIGNALS) {
      const names = ["a", "b", "c"].map((each) => `${signal.toLowerCase()}-${each}`);
      const passed = await test.step(signal, async () => {
        running = await restart(bed, { proxy, book, signal, running, names });
        assert.ok(controller.isAlive, "the controller ended");
      });
      if (!passed) return;
    }
    await Promise.all(running.map((name) => bed.delete(name)));
    await Promise.all(running.map((name) => bed.untilGone(name)));
  },
});
