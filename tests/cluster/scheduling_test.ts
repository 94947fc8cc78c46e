import assert from "node:assert/strict";
import type { Cluster } from "./cluster.ts";
import { clusterTest, type TestBed } from "./test_bed.ts";
import {
  type Condition,
  kernelVirtualMachine,
  type PodObject,
  TestVirtualMachine,
} from "./virtual_machine.ts";
import { waitUntil } from "./wait_until.ts";

const PLACE_TIMEOUT_MS = 90_000;
const LAUNCH_TIMEOUT_MS = 180_000;
const DELETE_TIMEOUT_MS = 120_000;

/** Of nodes. */
const RACK = "scheduling.test/rack";
const TAINT = "scheduling.test/reserved";
const MODEL = "SchedulingTest";
const FEATURE = "scheduling-test";
const MODEL_LABEL = `cpu-model.node.kubevirt.io/${MODEL}`;
const FEATURE_LABEL = `cpu-feature.node.kubevirt.io/${FEATURE}`;
const OBSOLETE_LABEL = "node-labeller.kubevirt.io/obsolete-host-model";
/** The agents leave the labels of such a node alone. */
const SKIP_ANNOTATION = "node-labeller.kubevirt.io/skip-node";
const PRIORITY_CLASS = "scheduling-test";
const PRIORITY = 1234;

/** Of all VMs here. */
const TEST_LABEL = "scheduling.test/vm";
const GROUP_LABEL = "scheduling.test/group";
/** Nobody has it, and it is not pulled: for most of them it counts where their pod is. */
const NO_IMAGE = { image: "denovirt.local/never:none", imagePullPolicy: "Never" };

type Rack = "a" | "b";
interface Case {
  name: string;
  /** Of the VMI's spec. */
  placement?: Record<string, unknown>;
  cpu?: Record<string, unknown>;
  /** Of VMs whose places depend on each other. */
  group?: string;
  /** Starts its guest, and waits for it. */
  runs?: true;
  /** A rack, or the scheduler's words where no node fits. */
  on: Rack | "either" | RegExp;
}

const inRack = (rack: string) => ({
  matchExpressions: [{ key: RACK, operator: "In", values: [rack] }],
});
/** Where it would go but for the rule that is tested. */
const rather = (rack: Rack) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: inRack(rack) }],
});
const apart = {
  affinity: {
    nodeAffinity: rather("a"),
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{
        labelSelector: { matchLabels: { [GROUP_LABEL]: "apart" } },
        topologyKey: "kubernetes.io/hostname",
      }],
    },
  },
};
const spread = {
  affinity: { nodeAffinity: rather("b") },
  topologySpreadConstraints: [{
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: { [GROUP_LABEL]: "spread" } },
  }],
};
const NO_SUCH_NODE = /0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity/;

const CASES: readonly Case[] = [
  { name: "node-selector", placement: { nodeSelector: { [RACK]: "b" } }, runs: true, on: "b" },
  {
    name: "node-affinity",
    placement: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [inRack("a")] },
        },
      },
    },
    on: "a",
  },
  { name: "no-such-rack", placement: { nodeSelector: { [RACK]: "c" } }, on: NO_SUCH_NODE },
  { name: "apart-1", group: "apart", placement: apart, on: "either" },
  { name: "apart-2", group: "apart", placement: apart, on: "either" },
  { name: "spread-1", group: "spread", placement: spread, on: "either" },
  { name: "spread-2", group: "spread", placement: spread, on: "either" },
  { name: "priority", placement: { priorityClassName: PRIORITY_CLASS }, on: "either" },
  {
    name: "model",
    placement: { affinity: { nodeAffinity: rather("a") } },
    cpu: { model: MODEL },
    on: "b",
  },
  { name: "no-such-model", cpu: { model: `${MODEL}-v9` }, on: NO_SUCH_NODE },
  {
    name: "feature",
    placement: { affinity: { nodeAffinity: rather("a") } },
    cpu: { model: "host-model", features: [{ name: FEATURE, policy: "require" }] },
    on: "b",
  },
  {
    name: "forbidden-feature",
    placement: { affinity: { nodeAffinity: rather("b") } },
    cpu: { model: "host-model", features: [{ name: FEATURE, policy: "forbid" }] },
    on: "a",
  },
  {
    name: "no-such-feature",
    cpu: { model: "host-model", features: [{ name: `${FEATURE}-v9`, policy: "require" }] },
    on: NO_SUCH_NODE,
  },
];

const tolerations = [{ key: TAINT, operator: "Exists", effect: "NoSchedule" }];
/** With rack b tainted, and the host model of rack a obsolete. */
const RESERVED_CASES: readonly Case[] = [
  { name: "tolerant", placement: { nodeSelector: { [RACK]: "b" }, tolerations }, on: "b" },
  {
    name: "intolerant",
    placement: { nodeSelector: { [RACK]: "b" } },
    on: /1 node\(s\) had untolerated taint/,
  },
  {
    name: "host-model",
    placement: { affinity: { nodeAffinity: rather("a") }, tolerations },
    cpu: { model: "host-model" },
    on: "b",
  },
];

clusterTest("guests go where their scheduling fields say, of two nodes", async (bed) => {
  const { cluster, step } = bed;
  const [a, b] = cluster.nodes.map(({ name }) => name);
  assert.ok(a !== undefined && b !== undefined);
  const racks = { a, b };
  await using marks = new Marks(cluster, racks);
  await marks.set();

  await step("selectors, affinity, spread and what the CPU asks for", async () => {
    await create(bed, CASES);
    await Promise.all(CASES.map((each) => isWhereItSays(bed, each, racks)));
  });

  await step("guests that are to be apart are on both nodes", async () => {
    for (const name of ["apart", "spread"]) {
      const members = CASES.filter(({ group }) => group === name);
      const nodes = await Promise.all(members.map((each) => nodeOf(bed, each)));
      assert.deepEqual(nodes.sort(), [a, b].sort(), name);
    }
  });

  await step("a priority class is the pod's", async () => {
    const pod = await new TestVirtualMachine(bed, "scheduling-priority").pod();
    const { priority, priorityClassName } = (pod?.spec ?? {}) as Record<string, unknown>;
    assert.deepEqual([priority, priorityClassName], [PRIORITY, PRIORITY_CLASS]);
  });

  await step("taints keep guests out that do not tolerate them", async () => {
    await marks.reserve();
    await create(bed, RESERVED_CASES);
    await Promise.all(RESERVED_CASES.map((each) => isWhereItSays(bed, each, racks)));
  });
});

async function create({ cluster }: TestBed, cases: readonly Case[]): Promise<void> {
  const items = await Promise.all(cases.map(async (each) =>
    JSON.parse(
      await kernelVirtualMachine(nameOf(each), (vm) => {
        Object.assign(vm.metadata, { labels: { [TEST_LABEL]: "" } });
        const { metadata, spec } = vm.spec.template;
        metadata.labels[TEST_LABEL] = "";
        if (each.group !== undefined) metadata.labels[GROUP_LABEL] = each.group;
        Object.assign(spec, each.placement);
        if (each.cpu !== undefined) Object.assign(spec.domain, { cpu: each.cpu });
        if (!each.runs) Object.assign(spec.domain.firmware.kernelBoot.container, NO_IMAGE);
      }),
    )
  ));
  await cluster.apply(JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

function nameOf({ name }: Case): string {
  return `scheduling-${name}`;
}

async function isWhereItSays(
  bed: TestBed,
  each: Case,
  racks: Record<Rack, string>,
): Promise<void> {
  const { on } = each;
  if (on instanceof RegExp) return await isUnschedulable(bed, each, on);
  const node = await nodeOf(bed, each);
  if (on !== "either") assert.equal(node, racks[on], each.name);
  if (!each.runs) return;
  const vm = new TestVirtualMachine(bed, nameOf(each));
  const running = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
  assert.equal(running.status?.nodeName, node, each.name);
}

/** Of its pod, once it has one. */
async function nodeOf(bed: TestBed, each: Case): Promise<string> {
  const pod = await waitUntil<PodObject | undefined>({
    what: `the pod of ${nameOf(each)} to be on a node`,
    timeoutMs: PLACE_TIMEOUT_MS,
    look: () => new TestVirtualMachine(bed, nameOf(each)).pod(),
    until: (seen) => seen?.spec.nodeName !== undefined,
  });
  return pod?.spec.nodeName ?? "";
}

/** It waits, and says why: the VMI by its condition, the VM by its status. */
async function isUnschedulable(bed: TestBed, each: Case, message: RegExp): Promise<void> {
  const vm = new TestVirtualMachine(bed, nameOf(each));
  const vmi = await waitUntil({
    what: `VMI ${vm.name} to say that no node fits`,
    timeoutMs: PLACE_TIMEOUT_MS,
    look: () => vm.vmi(),
    until: (seen) => unplaced(seen?.status?.conditions) !== undefined,
    tell: (seen) => JSON.stringify(seen?.status),
  });
  const { status, reason, message: told = "" } = unplaced(vmi?.status?.conditions) ?? {};
  assert.deepEqual([status, reason], ["False", "Unschedulable"], each.name);
  assert.match(told, message, each.name);
  assert.equal(vmi?.status?.phase, "Scheduling", each.name);
  await vm.waitForVm("to be ErrorUnschedulable", {
    timeoutMs: PLACE_TIMEOUT_MS,
    until: ({ status }) => status?.printableStatus === "ErrorUnschedulable",
  });
}

function unplaced(conditions: readonly Condition[] = []): Condition | undefined {
  return conditions.find(({ type }) => type === "PodScheduled");
}

/** What the test puts on the nodes and beside them. Its disposal takes all of it away, and the VMs. */
class Marks implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #racks: Record<Rack, string>;

  constructor(cluster: Cluster, racks: Record<Rack, string>) {
    this.#cluster = cluster;
    this.#racks = racks;
  }

  async set(): Promise<void> {
    const { a, b } = this.#racks;
    await this.#kubectl("annotate", "node", a, b, `${SKIP_ANNOTATION}=`);
    await this.#kubectl("label", "node", a, `${RACK}=a`);
    await this.#kubectl(
      ...["label", "node", b, `${RACK}=b`, `${MODEL_LABEL}=true`, `${FEATURE_LABEL}=true`],
    );
    await this.#kubectl("create", "priorityclass", PRIORITY_CLASS, `--value=${PRIORITY}`);
  }

  async reserve(): Promise<void> {
    await this.#kubectl("taint", "node", this.#racks.b, `${TAINT}=:NoSchedule`);
    await this.#kubectl("label", "node", this.#racks.a, `${OBSOLETE_LABEL}=true`);
  }

  async #kubectl(...args: string[]): Promise<string> {
    return await this.#cluster.kubectl(args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = Object.values(this.#racks);
    const labels = [RACK, MODEL_LABEL, FEATURE_LABEL, OBSOLETE_LABEL].map((key) => `${key}-`);
    const outcomes = await Promise.allSettled([
      this.#deleteVms(),
      this.#untaint(),
      this.#kubectl("label", "node", ...nodes, ...labels)
        .then(() => this.#kubectl("annotate", "node", ...nodes, `${SKIP_ANNOTATION}-`)),
      this.#kubectl("delete", "priorityclass", PRIORITY_CLASS, "--ignore-not-found"),
    ]);
    const failed = outcomes.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
    if (failed.length > 0) throw new AggregateError(failed, "Cannot take the test's marks away");
  }

  /** A taint that is not there is an error of kubectl's. */
  async #untaint(): Promise<void> {
    const { b } = this.#racks;
    const taints = await this.#kubectl("get", "node", b, "-o", "jsonpath={.spec.taints[*].key}");
    if (taints.includes(TAINT)) await this.#kubectl("taint", "node", b, `${TAINT}-`);
  }

  async #deleteVms(): Promise<void> {
    const selector = ["-n", "default", "-l", TEST_LABEL];
    await this.#kubectl("delete", "virtualmachines", ...selector, "--wait=false");
    await waitUntil({
      what: "all VMs of the test to be gone",
      timeoutMs: DELETE_TIMEOUT_MS,
      look: async () =>
        (await this.#kubectl("get", "vm,vmi,pods", ...selector, "-o", "name")).trim(),
      until: (names) => names === "",
    });
  }
}
