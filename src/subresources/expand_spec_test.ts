import assert from "node:assert/strict";
import { sizeLookup } from "../admission/size_lookup.ts";
import {
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINES,
} from "../api/registry.ts";
import type { VirtualMachine, VirtualMachineSpec } from "../api/virtual_machine.ts";
import { SUBJECT_ACCESS_REVIEWS } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { BUILT_IN_DEFAULTS } from "../resources/cluster_defaults.ts";
import { createControllerInformers } from "../resources/informers.ts";
import type { TlsResponse } from "../runtime/mutual_tls_server.ts";
import { SILENT_LOGGER } from "../runtime/log.ts";
import { expandSpec, expandVmSpec } from "./expand_spec.ts";

const IDENTITY = { user: "jane", groups: [], extra: {} };
const SIZED: Partial<VirtualMachineSpec> = {
  instancetype: { name: "small" },
  preference: { name: "linux", kind: "VirtualMachinePreference" },
};

interface Reviewed {
  spec: { resourceAttributes: { resource: string; name: string; namespace?: string } };
}

/** With an instancetype and a preference; `jane` may read what is not in `forbidden`. */
async function open(forbidden: readonly string[] = []) {
  const asked: string[] = [];
  const client = new FakeClient({
    onCall: ({ verb, resource, body }) => {
      if (verb !== "create" || resource?.plural !== SUBJECT_ACCESS_REVIEWS.plural) return undefined;
      const { resource: plural, namespace = "", name } = (body as Reviewed).spec.resourceAttributes;
      asked.push(`${plural} ${namespace}/${name}`);
      return { status: { allowed: !forbidden.includes(plural), reason: "no rule" } };
    },
  });
  await client.create(VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES, {
    metadata: { name: "small" },
    spec: { cpu: { guest: 4 }, memory: { guest: "1Gi" } },
  });
  await client.create(VIRTUAL_MACHINE_PREFERENCES, {
    metadata: { name: "linux" },
    spec: { cpu: { preferredCPUTopology: "cores" } },
  }, { namespace: "n" });
  const informers = createControllerInformers({ client, logger: SILENT_LOGGER });
  const dependencies = {
    client,
    sizes: sizeLookup({ client, informers }),
    cluster: () => BUILT_IN_DEFAULTS,
  };
  return { client, dependencies, asked };
}

function machine(spec: Partial<VirtualMachineSpec>, domain = {}) {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "x" },
    spec: {
      runStrategy: "Halted",
      template: { spec: { domain: { devices: {}, ...domain } } },
      ...spec,
    },
  };
}

function call() {
  return { identity: IDENTITY, signal: AbortSignal.timeout(1_000) };
}

function bodyOf(answer: TlsResponse) {
  return JSON.parse(String(answer.body)) as VirtualMachine & { message: string };
}

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

Deno.test("expandSpec() shows a stored VM with all that is applied, and stores nothing", async () => {
  const { client, dependencies, asked } = await open();
  await client.create(VIRTUAL_MACHINES, machine(SIZED), { namespace: "n" });
  const key = { namespace: "n", name: "x" };
  const answer = await expandSpec({ ...call(), key }, dependencies);
  assert.equal(answer.status, 200);
  const { spec } = bodyOf(answer);
  assert.deepEqual([spec.instancetype, spec.preference], [undefined, undefined]);
  const { cpu, memory, firmware } = spec.template.spec?.domain ?? {};
  assert.deepEqual([cpu?.sockets, cpu?.cores, memory?.guest], [1, 4, "1Gi"]);
  assert.equal(firmware?.uuid, undefined);
  assert.deepEqual(asked, [
    "virtualmachineclusterinstancetypes /small",
    "virtualmachinepreferences n/linux",
  ]);
  const stored = await client.get<VirtualMachine>(VIRTUAL_MACHINES, key);
  assert.deepEqual(stored?.spec.instancetype, { name: "small" });
});

Deno.test("expandSpec() of a VM that is not there, or refers to nothing, says so", async () => {
  const { client, dependencies } = await open();
  const key = { namespace: "n", name: "x" };
  assert.equal((await expandSpec({ ...call(), key }, dependencies)).status, 404);
  const lost = machine({ instancetype: { name: "gone" } });
  await client.create(VIRTUAL_MACHINES, lost, { namespace: "n" });
  const answer = await expandSpec({ ...call(), key }, dependencies);
  assert.equal(answer.status, 409);
  assert.match(bodyOf(answer).message, /"gone" not found/);
});

Deno.test("expandVmSpec() expands what is sent, in the namespace of the path", async () => {
  const { dependencies } = await open();
  const sent = machine(SIZED);
  const elsewhere = { ...sent, metadata: { ...sent.metadata, namespace: "other" } };
  const body = bytes(elsewhere);
  const answer = await expandVmSpec({ ...call(), namespace: "n", body }, dependencies);
  assert.equal(answer.status, 200);
  assert.equal(bodyOf(answer).spec.template.spec?.domain.cpu?.cores, 4);
});

/** What is sent and what is said of it. */
const REFUSED: readonly [string, unknown, RegExp][] = [
  ["no VM", { kind: "Pod" }, /not a valid VirtualMachine/],
  ["nothing", null, /not a valid VirtualMachine/],
  ["a conflict", machine(SIZED, { memory: { guest: "1Gi" } }), /memory\.guest conflicts with/],
  ["an unknown preference", machine({ preference: { name: "gone" } }), /"gone" not found/],
  ["an unknown kind", machine({ instancetype: { name: "small", kind: "Pod" } }), /unexpected kind/],
];

for (const [what, sent, why] of REFUSED) {
  Deno.test(`expandVmSpec() refuses ${what}`, async () => {
    const { dependencies } = await open();
    const body = bytes(sent);
    const answer = await expandVmSpec({ ...call(), namespace: "n", body }, dependencies);
    assert.equal(answer.status, 400);
    assert.match(bodyOf(answer).message, why);
  });
}

Deno.test("expandVmSpec() shows nobody what they may not read", async () => {
  const { dependencies } = await open(["virtualmachinepreferences"]);
  const body = bytes(machine(SIZED));
  const answer = await expandVmSpec({ ...call(), namespace: "n", body }, dependencies);
  assert.equal(answer.status, 403);
  assert.match(bodyOf(answer).message, /virtualmachinepreferences.* "linux" is forbidden: no rule/);
});
