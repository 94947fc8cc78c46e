import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { FakeHypervisor } from "../hypervisor/fake/fake_hypervisor.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../runtime/log.ts";
import { eventually } from "../runtime/testing/eventually.ts";
import type { EventRecord } from "../runtime/reconciler.ts";
import { adoptDomains } from "./adopt.ts";
import { type FenceOptions, standingOf } from "./fence.ts";
import { Orphans } from "./orphans.ts";
import { vmi, VMI_UID } from "./testing/vmi.ts";

const OTHER_UID = "0a0a0a0a-0000-4000-8000-00000000000a";
const KEY = { namespace: "default", name: "small" };
const OWNER = { ...KEY, podUid: "p1", epoch: 40 };
const signal = new AbortController().signal;

// ---- what a domain is to its instance ------------------------------------------------------------------------------------

const leased = (owner: string, epoch: string) => ({
  annotations: { "denovirt.io/owner": owner, "denovirt.io/epoch": epoch },
});

const STANDINGS: [string, VirtualMachineInstance | undefined, string][] = [
  ["its instance is gone", undefined, "orphaned"],
  ["another instance has its name", vmi({ metadata: { uid: OTHER_UID } }), "stale"],
  ["its instance is at its hand-over", vmi({ metadata: leased("node-1/p1", "40") }), "owned"],
  [
    "its instance was handed to another node",
    vmi({ metadata: leased("node-2/p2", "55") }),
    "stale",
  ],
  ["its instance was handed over again", vmi({ metadata: leased("node-1/p2", "55") }), "stale"],
  // A store that was put back to an earlier state is no reason to end guests.
  ["its instance is at an earlier hand-over", vmi({ metadata: leased("node-1/p0", "9") }), "owned"],
  ["its instance has no lease", vmi(), "owned"],
  [
    "its instance has no lease, and this node's label",
    vmi({ metadata: { labels: { "kubevirt.io/nodeName": "node-1" } } }),
    "owned",
  ],
  [
    "its instance has no lease, and another node's label",
    vmi({ metadata: { labels: { "kubevirt.io/nodeName": "node-2" } } }),
    "stale",
  ],
];

for (const [what, live, standing] of STANDINGS) {
  Deno.test(`standingOf() a domain is ${standing} when ${what}`, () => {
    const domain = { uid: VMI_UID, owner: OWNER, nodeName: "node-1" };
    assert.equal(standingOf(domain, live), standing);
  });
}

// ---- what is done about it -----------------------------------------------------------------------------------------------

Deno.test("adoptDomains() ends a guest first whose instance was given to another node", async () => {
  const bed = await Bed.start(leased("node-2/p2", "55"));
  await adoptDomains({ ...bed.fence, clock: new FakeClock() }, signal);
  assert.equal(await bed.state(), "absent");
  assert.deepEqual(bed.events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`), [
    "Warning StaleGuestEnded: Ended a guest on node node-1 that was started for hand-over 40: " +
    "the instance is at hand-over 55, to node node-2",
  ]);
});

Deno.test("adoptDomains() ends a guest whose name belongs to an instance that was made anew", async () => {
  const bed = await Bed.start({}, { isAnew: true });
  await adoptDomains({ ...bed.fence, clock: new FakeClock() }, signal);
  assert.equal(await bed.state(), "absent");
  assert.match(bed.events[0]?.message ?? "", /another instance has its name now/);
});

Deno.test("adoptDomains() leaves a guest of the present hand-over alone", async () => {
  const bed = await Bed.start(leased("node-1/p1", "40"));
  await adoptDomains({ ...bed.fence, clock: new FakeClock() }, signal);
  assert.equal(await bed.state(), "running");
  assert.deepEqual(bed.events, []);
});

Deno.test("adoptDomains() ends no guest while the API server does not answer", async () => {
  const bed = await Bed.start(leased("node-2/p2", "55"));
  bed.isCutOff = true;
  await adoptDomains({ ...bed.fence, clock: new FakeClock() }, signal);
  assert.equal(await bed.state(), "running");
});

Deno.test("adoptDomains() does not wait for an API server that hangs", async () => {
  const bed = await Bed.start(leased("node-2/p2", "55"));
  bed.hangs = true;
  const clock = new FakeClock();
  const adopted = adoptDomains({ ...bed.fence, clock }, signal);
  await eventually("it is asked", () => bed.isAsked);
  clock.advance(5_000);
  await adopted;
  assert.equal(await bed.state(), "running");
});

Deno.test("orphans.sweep() ends a stale guest as soon as the API server answers again", async () => {
  const bed = await Bed.start(leased("node-2/p2", "55"));
  bed.isCutOff = true;
  const clock = new FakeClock();
  const orphans = new Orphans({ ...bed.fence, clock, known: () => new Set() });
  await assert.rejects(orphans.sweep(signal), /no route to host/);
  assert.equal(await bed.state(), "running");
  bed.isCutOff = false;
  await orphans.sweep(signal);
  assert.equal(await bed.state(), "absent");
});

Deno.test("orphans.sweep() leaves a guest of the present hand-over alone that its cache lacks", async () => {
  const bed = await Bed.start(leased("node-1/p1", "40"));
  const clock = new FakeClock();
  const orphans = new Orphans({ ...bed.fence, clock, known: () => new Set() });
  for (const _minute of [1, 2]) {
    await orphans.sweep(signal);
    clock.advance(60_000);
  }
  await orphans.sweep(signal);
  assert.equal(await bed.state(), "running");
});

Deno.test("orphans.sweep() shuts a guest down gracefully whose instance is gone", async () => {
  const bed = await Bed.start();
  const { clock } = bed;
  const orphans = new Orphans({ ...bed.fence, clock, known: () => new Set() });
  await orphans.sweep(signal);
  assert.equal(await bed.state(), "running");
  clock.advance(31_000);
  await orphans.sweep(signal);
  await orphans.sweep(signal);
  assert.equal(await bed.state(), "absent");
});

/** A guest that was started for hand-over 40, and an API server that may be cut off. */
class Bed {
  readonly clock = new FakeClock();
  readonly hypervisor = new FakeHypervisor({ now: () => this.clock.now() });
  readonly events: EventRecord[] = [];
  isCutOff = false;
  hangs = false;
  isAsked = false;
  uid = OTHER_UID;
  readonly #client = new FakeClient({
    onCall: ({ verb, signal }) => {
      if (this.isCutOff) throw new Error("no route to host");
      if (verb !== "get") return undefined;
      this.isAsked = true;
      if (!this.hangs) return undefined;
      return new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });

  /** `metadata`: of the instance that has its name now; absent: there is none. */
  static async start(
    metadata?: Partial<VirtualMachineInstance["metadata"]>,
    { isAnew = false } = {},
  ): Promise<Bed> {
    const bed = new Bed();
    if (metadata !== undefined) {
      const made = await bed.#client.create(VIRTUAL_MACHINE_INSTANCES, vmi({ metadata }));
      if (!isAnew) bed.uid = made.metadata.uid;
    }
    await bed.hypervisor.launch({
      uid: bed.uid,
      xml: "<domain/>",
      envelopePid: 2,
      mounts: [],
      overlays: [],
      dhcp: [],
      paused: false,
      owner: OWNER,
    });
    return bed;
  }

  get fence(): FenceOptions {
    return {
      client: this.#client,
      hypervisor: this.hypervisor,
      nodeName: "node-1",
      log: SILENT_LOGGER,
      events: { record: (event) => void this.events.push(event) },
    };
  }

  async state(): Promise<string> {
    const domain = await this.hypervisor.inspect(this.uid);
    return domain.kind === "present" ? domain.state : domain.kind;
  }
}
