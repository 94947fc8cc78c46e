/** Instancetypes and preferences on API servers, with the controller's webhooks and aggregated API. */
import assert from "node:assert/strict";
import {
  apiVersionOf,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINES,
} from "../../src/api/registry.ts";
import type { VirtualMachine, VirtualMachineSpec } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { InvalidError, type Resource } from "../../src/kube/client.ts";
import { CONTROLLER_REVISIONS, NAMESPACES } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { upstreamExamples } from "../conformance/upstream.ts";
import { INSTALLATIONS } from "./installations.ts";

const TIMEOUT_MS = 120_000;
const BASE = "/apis/subresources.kubevirt.io/v1";
/** Cluster-wide objects of a run have names of their own. */
const RUN = crypto.randomUUID().slice(0, 8);

class Bench {
  readonly admin: FetchClient;
  readonly namespace: string;

  constructor(admin: FetchClient, namespace: string) {
    this.admin = admin;
    this.namespace = namespace;
  }

  key(name: string): { namespace: string; name: string } {
    return { namespace: this.namespace, name };
  }

  async create(resource: Resource, object: object): Promise<KubeObject> {
    const options = resource.namespaced ? { namespace: this.namespace } : {};
    const typed = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    return await this.admin.create(resource, typed, options);
  }

  /** What the answer names, or nothing. */
  async refusedFields(resource: Resource, object: object): Promise<string[]> {
    try {
      await this.create(resource, object);
      return [];
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      return error.status.details?.causes?.map(({ field = "" }) => field) ?? [];
    }
  }

  async vm(name: string, until: (vm: VirtualMachine) => boolean): Promise<VirtualMachine> {
    const seen = await waitUntil({
      what: `the VM ${name} to be as wanted`,
      timeoutMs: TIMEOUT_MS,
      look: () => this.admin.get<VirtualMachine>(VIRTUAL_MACHINES, this.key(name)),
      until: (vm) => vm !== undefined && until(vm),
      tell: (vm) => JSON.stringify(vm?.status),
    });
    assert.ok(seen !== undefined);
    return seen;
  }

  /** An instance of the VM that is not the one before. */
  async vmi(name: string, before?: VirtualMachineInstance): Promise<VirtualMachineInstance> {
    const seen = await waitUntil({
      what: `an instance of ${name}`,
      timeoutMs: TIMEOUT_MS,
      look: () => this.admin.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, this.key(name)),
      until: (vmi) => vmi !== undefined && vmi.metadata.uid !== before?.metadata.uid,
    });
    assert.ok(seen !== undefined);
    return seen;
  }

  async revisions(): Promise<KubeObject[]> {
    const labelSelector = "instancetype.kubevirt.io/object-kind";
    const { namespace } = this;
    const list = await this.admin.list<KubeObject>(CONTROLLER_REVISIONS, {
      namespace,
      labelSelector,
    });
    return list.items;
  }
}

function machine(name: string, spec: Partial<VirtualMachineSpec>, domain = {}) {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          domain: { devices: {}, ...domain },
          volumes: [{ name: "root", containerDisk: { image: "denovirt.local/debian-guest:dev" } }],
          // Nobody places it: the instance is what is looked at.
          schedulerName: "nobody",
        },
      },
      ...spec,
    },
  };
}

function sizeOf({ spec: { domain } }: VirtualMachineInstance) {
  const { sockets, cores, threads } = domain.cpu ?? {};
  return { sockets, cores, threads, guest: domain.memory?.guest };
}

const STEPS: readonly [string, (bench: Bench) => Promise<void>][] = [
  ["bad types are refused with the path of each bad field", badTypes],
  ["upstream's common ones are accepted, all of them", commonOnes],
  ["upstream's examples are judged with their size", examples],
  ["an instance has its VM's size and defaults", applied],
  ["a VM keeps what it was first used with", kept],
  ["expand-spec and expand-vm-spec show what is applied", expanded],
];

for (const { where, ignore, open } of INSTALLATIONS) {
  Deno.test({
    name: `instancetypes: sizes and defaults of VMs ${where}`,
    ignore,
    fn: async (test) => {
      await using installation = await open();
      const namespace = `instancetypes-${RUN}`;
      const { admin } = installation;
      await admin.create(NAMESPACES, { metadata: { name: namespace } });
      const bench = new Bench(admin, namespace);
      try {
        for (const [name, step] of STEPS) {
          if (await test.step(name, () => step(bench))) continue;
          Deno.stderr.writeSync(new TextEncoder().encode(installation.log()));
          break;
        }
      } finally {
        await removeCommonOnes(admin);
        await admin.delete(NAMESPACES, { name: namespace });
      }
    },
  });
}

async function badTypes(bench: Bench): Promise<void> {
  const memory = { guest: "1Gi", overcommitPercent: 10, hugepages: { pageSize: "2Mi" } };
  const size = { metadata: { name: "bad" }, spec: { cpu: { guest: 1 }, memory } };
  assert.deepEqual(await bench.refusedFields(VIRTUAL_MACHINE_INSTANCETYPES, size), [
    "spec.memory.overcommitPercent",
  ]);
  const taste = { metadata: { name: "bad" }, spec: { cpu: { preferredCPUTopology: "all" } } };
  assert.deepEqual(await bench.refusedFields(VIRTUAL_MACHINE_CLUSTER_PREFERENCES, taste), [
    "spec.cpu.preferredCPUTopology",
  ]);
}

const COMMON = [VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES, VIRTUAL_MACHINE_CLUSTER_PREFERENCES];

function commonObjects({ kind }: Resource): KubeObject[] {
  return upstreamExamples(kind).filter(({ file }) => file.startsWith("cluster"))
    .map(({ object }) => object as KubeObject);
}

async function commonOnes(bench: Bench): Promise<void> {
  for (const resource of COMMON) {
    for (const object of commonObjects(resource)) await bench.create(resource, object);
  }
}

async function removeCommonOnes(admin: FetchClient): Promise<void> {
  for (const resource of COMMON) {
    for (const { metadata: { name } } of commonObjects(resource)) {
      await admin.delete(resource, { name });
    }
  }
}

/** They say their memory twice, in KubeVirt's release as well: refused there and here, and fine without. */
async function examples(bench: Bench): Promise<void> {
  for (const resource of [VIRTUAL_MACHINE_INSTANCETYPES, VIRTUAL_MACHINE_PREFERENCES]) {
    for (const { object } of upstreamExamples(resource.kind)) {
      await bench.create(resource, object as KubeObject);
    }
  }
  const sized = upstreamExamples("VirtualMachine").map(({ object }) => object as VirtualMachine)
    .filter(({ spec }) => spec.instancetype?.kind === "VirtualMachineInstancetype");
  assert.equal(sized.length, 4);
  for (const vm of sized) {
    const { name } = vm.metadata;
    assert.deepEqual(await bench.refusedFields(VIRTUAL_MACHINES, vm), [
      "spec.template.spec.domain.memory.guest",
    ], name);
    const { memory: _, ...domain } = vm.spec.template.spec?.domain ?? { devices: {} };
    const template = { ...vm.spec.template, spec: { ...vm.spec.template.spec, domain } };
    const fixed = { ...vm, spec: { ...vm.spec, template } };
    assert.deepEqual(await bench.refusedFields(VIRTUAL_MACHINES, fixed), [], name);
    const kept = await bench.vm(name, ({ status }) => status?.instancetypeRef !== undefined);
    assert.match(kept.status?.instancetypeRef?.controllerRevisionRef?.name ?? "", /-v1beta1-/);
  }
}

async function applied(bench: Bench): Promise<void> {
  const spec = { instancetype: { name: "u1.medium" }, preference: { name: "fedora" } };
  const small = { instancetype: { name: "u1.nano" }, preference: { name: "windows.10" } };
  assert.deepEqual(await bench.refusedFields(VIRTUAL_MACHINES, machine("small", small)), [
    "spec.instancetype",
  ]);
  await bench.create(VIRTUAL_MACHINES, machine("sized", spec));
  const vmi = await bench.vmi("sized");
  assert.deepEqual(sizeOf(vmi), { sockets: 1, cores: 1, threads: 1, guest: "4Gi" });
  const { disks, interfaces, rng } = vmi.spec.domain.devices;
  assert.equal(disks?.[0]?.disk?.bus, "virtio");
  assert.equal(interfaces?.[0]?.model, "virtio");
  assert.deepEqual(rng, {});
  const annotations = vmi.metadata.annotations ?? {};
  assert.equal(annotations["kubevirt.io/cluster-instancetype-name"], "u1.medium");
  assert.equal(annotations["kubevirt.io/cluster-preference-name"], "fedora");
  const { spec: stored } = await bench.vm(
    "sized",
    ({ status }) => status?.preferenceRef?.controllerRevisionRef !== undefined,
  );
  assert.equal(stored.instancetype?.kind, "virtualmachineclusterinstancetype");
  assert.equal(stored.template.spec?.domain.memory, undefined);
}

async function kept(bench: Bench): Promise<void> {
  const { admin } = bench;
  const size = { cpu: { guest: 2 }, memory: { guest: "128Mi" } };
  await bench.create(VIRTUAL_MACHINE_INSTANCETYPES, { metadata: { name: "own" }, spec: size });
  const instancetype = { name: "own", kind: "VirtualMachineInstancetype" };
  await bench.create(VIRTUAL_MACHINES, machine("kept", { instancetype }));
  const first = await bench.vmi("kept");
  assert.deepEqual(sizeOf(first), { sockets: 2, cores: 1, threads: 1, guest: "128Mi" });
  const before = await bench.vm("kept", ({ status }) => status?.instancetypeRef !== undefined);
  const copies = (await bench.revisions()).length;
  const larger = { spec: { cpu: { guest: 4 }, memory: { guest: "256Mi" } } };
  await admin.patch(VIRTUAL_MACHINE_INSTANCETYPES, bench.key("own"), larger);
  const restart = `${BASE}/namespaces/${bench.namespace}/virtualmachines/kept/restart`;
  await admin.raw("PUT", restart, { body: {} });
  const second = await bench.vmi("kept", first);
  assert.deepEqual(sizeOf(second), sizeOf(first));
  const after = await bench.vm("kept", ({ status }) => status?.created === true);
  assert.deepEqual(after.status?.instancetypeRef, before.status?.instancetypeRef);
  assert.equal((await bench.revisions()).length, copies);
  const cleared = { status: { instancetypeRef: null } };
  await admin.patch(VIRTUAL_MACHINES, bench.key("kept"), cleared, { subresource: "status" });
  await bench.vm("kept", ({ status }) => {
    const { name } = status?.instancetypeRef?.controllerRevisionRef ?? {};
    return name !== undefined &&
      name !== before.status?.instancetypeRef?.controllerRevisionRef?.name;
  });
  await admin.raw("PUT", restart, { body: {} });
  const third = await bench.vmi("kept", second);
  assert.deepEqual(sizeOf(third), { sockets: 4, cores: 1, threads: 1, guest: "256Mi" });
}

async function expanded(bench: Bench): Promise<void> {
  const path = `${BASE}/namespaces/${bench.namespace}`;
  const shown = await bench.admin.raw("GET", `${path}/virtualmachines/sized/expand-spec`);
  const { spec } = shown as VirtualMachine;
  assert.equal(spec.template.spec?.domain.memory?.guest, "4Gi");
  assert.equal(spec.preference, undefined);
  const body = machine("never-made", { instancetype: { name: "u1.large" } });
  const sent = await bench.admin.raw("PUT", `${path}/expand-vm-spec`, { body }) as VirtualMachine;
  assert.equal(sent.spec.template.spec?.domain.cpu?.sockets, 2);
  assert.equal(await bench.admin.get(VIRTUAL_MACHINES, bench.key("never-made")), undefined);
}
