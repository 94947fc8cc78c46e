import assert from "node:assert/strict";
import { JsonLogger } from "../runtime/log.ts";
import { BUILT_IN_DEFAULTS } from "../resources/cluster_defaults.ts";
import type { VirtualMachineInstanceMigration } from "../api/migration.ts";
import type { VirtualMachineInstancePreset } from "../api/preset.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { vmi as guest } from "../resources/testing/builders.ts";
import { apiVersionOf, SERVED_RESOURCES } from "../api/registry.ts";
import { PERSISTENT_VOLUME_CLAIMS } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { createControllerInformers } from "../resources/informers.ts";
import { Admission } from "./admission.ts";
import { sizeLookup } from "./size_lookup.ts";

const CONTROLLER = "system:serviceaccount:kubevirt:denovirt-controller";

const PRESETS: readonly VirtualMachineInstancePreset[] = [{
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachineInstancePreset",
  metadata: { name: "quad", namespace: "n", uid: "p" },
  spec: {
    domain: { devices: {}, cpu: { cores: 4 } },
    selector: { matchLabels: { size: "quad" } },
  },
}];
const INSTANCES: readonly VirtualMachineInstance[] = ["free", "moving"].map((name) => ({
  ...guest(),
  metadata: { ...guest().metadata, name },
}));
const MIGRATIONS: readonly VirtualMachineInstanceMigration[] = [migration("moving")];

function migration(vmiName: string): VirtualMachineInstanceMigration {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { name: "m", namespace: "n", uid: "u" },
    spec: { vmiName },
  };
}

const logger = new JsonLogger({ write: () => {} });
const client = new FakeClient({});
const admission = new Admission({
  cluster: () => BUILT_IN_DEFAULTS,
  installationUsers: [CONTROLLER],
  lookups: {
    presetsIn: (namespace) => PRESETS.filter(({ metadata }) => metadata.namespace === namespace),
    instance: ({ name }) => Promise.resolve(INSTANCES.find((vmi) => vmi.metadata.name === name)),
    migrationsOf: ({ name }) => MIGRATIONS.filter(({ spec }) => spec.vmiName === name),
    workloads: () => 3,
  },
  sizes: sizeLookup({ client, informers: createControllerInformers({ client, logger }) }),
  logger,
});

interface Answer {
  allowed: boolean;
  patch?: { op: string; path: string; value: unknown }[];
  warnings?: string[];
  fields: string[];
  code?: number;
}

async function ask(path: string, request: Record<string, unknown>): Promise<Answer> {
  const review = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "1", operation: "CREATE", userInfo: { username: "jane" }, ...request },
  };
  const response = await admission.handle({
    method: "POST",
    path,
    query: new URLSearchParams(),
    headers: new Map(),
    body: new TextEncoder().encode(JSON.stringify(review)),
    peer: undefined,
    signal: AbortSignal.timeout(1000),
  });
  assert.equal(response.status, 200);
  const answer = JSON.parse(String(response.body)).response;
  assert.equal(answer.uid, "1");
  const { allowed, warnings, status, patch } = answer;
  return {
    allowed,
    fields: (status?.details.causes ?? []).map((cause: { field: string }) => cause.field),
    ...(status === undefined ? {} : { code: status.code }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(patch === undefined ? {} : { patch: JSON.parse(atob(patch)) }),
  };
}

function vm(spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "v", namespace: "n", creationTimestamp: null, ...metadata },
    spec: {
      runStrategy: "Always",
      dataVolumeTemplates: null,
      template: {
        metadata: { creationTimestamp: null },
        spec: { domain: { devices: {}, memory: { guest: "64Mi" } }, futureField: { kept: true } },
      },
      ...spec,
    },
  };
}

function vmi(spec: Record<string, unknown> = {}) {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "v", namespace: "n" },
    spec: { domain: { devices: {}, memory: { guest: "64Mi" } }, ...spec },
  };
}

Deno.test("admission: a new VM gets its defaults as a patch that only adds", async () => {
  const { allowed, patch } = await ask("/virtualmachines-mutate", { object: vm() });
  assert.equal(allowed, true);
  assert.deepEqual([...new Set(patch?.map((operation) => operation.op))], ["add"]);
  const paths = patch?.map((operation) => operation.path) ?? [];
  for (
    const path of [
      "/metadata/finalizers",
      "/spec/template/spec/architecture",
      "/spec/template/spec/domain/machine",
      "/spec/template/spec/domain/firmware",
      "/spec/template/metadata/annotations",
    ]
  ) assert.ok(paths.includes(path), path);
  assert.ok(!paths.some((path) => path.includes("futureField")));
});

Deno.test("admission: what has the wrong shape is left to the schema, and refused with its path", async () => {
  const object = vm({ template: { spec: { domain: { devices: { disks: "many" } } } } });
  assert.deepEqual(await ask("/virtualmachines-mutate", { object }), { allowed: true, fields: [] });
  const answer = await ask("/virtualmachines-validate", { object });
  assert.equal(answer.allowed, false);
  assert.deepEqual(answer.fields, ["spec.template.spec.domain.devices.disks"]);
});

Deno.test("admission: a bad VM is refused with all causes", async () => {
  const object = vm({
    running: true,
    template: {
      spec: { domain: { devices: { disks: [{ name: "x" }] }, memory: { guest: "64Mi" } } },
    },
  });
  const answer = await ask("/virtualmachines-validate", { object });
  assert.equal(answer.code, 422);
  assert.deepEqual(answer.fields, [
    "spec.running",
    "spec.template.spec.domain.devices.disks[0].name",
  ]);
});

Deno.test("admission: a deprecated field is a warning", async () => {
  const answer = await ask("/virtualmachines-validate", {
    object: vm({ runStrategy: null, running: true }),
  });
  assert.equal(answer.allowed, true);
  assert.match(answer.warnings?.[0] ?? "", /runStrategy/);
});

Deno.test("admission: nothing stands in the way of a deletion", async () => {
  const object = vm({ runStrategy: "Nonsense" }, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  const request = { operation: "UPDATE", object, oldObject: object };
  assert.equal((await ask("/virtualmachines-validate", request)).allowed, true);
  assert.equal((await ask("/virtualmachines-mutate", request)).patch, undefined);
});

Deno.test("admission: a VMI starts Pending whatever status came with it", async () => {
  const object = { ...vmi(), status: { phase: "Running", nodeName: "x" } };
  const { patch } = await ask("/virtualmachineinstances-mutate", { object });
  const operations = new Map(patch?.map((operation) => [operation.path, operation]));
  assert.equal(operations.get("/status/phase")?.value, "Pending");
  assert.equal(operations.get("/status/nodeName")?.op, "remove");
});

Deno.test("admission: a VMI's spec and status are changed by the installation alone", async () => {
  const changed = { ...vmi({ hostname: "other" }), status: { phase: "Running" } };
  const request = { operation: "UPDATE", object: changed, oldObject: vmi() };
  assert.deepEqual((await ask("/virtualmachineinstances-validate", request)).fields, [
    "spec",
    "status",
  ]);
  const own = { ...request, userInfo: { username: CONTROLLER } };
  assert.equal((await ask("/virtualmachineinstances-validate", own)).allowed, true);
});

Deno.test("admission: a bad KubeVirt object is refused", async () => {
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: "kubevirt", namespace: "kubevirt" },
    spec: { uninstallStrategy: "Never" },
  };
  assert.deepEqual((await ask("/kubevirts-validate", { object })).fields, [
    "spec.uninstallStrategy",
  ]);
});

Deno.test("admission: a body that is no review is refused", async () => {
  const response = await admission.handle({
    method: "POST",
    path: "/virtualmachines-validate",
    query: new URLSearchParams(),
    headers: new Map(),
    body: new TextEncoder().encode("{}"),
    peer: undefined,
    signal: AbortSignal.timeout(1000),
  });
  assert.equal(response.status, 400);
});

Deno.test("admission: a new VMI gets what presets give before its defaults, with a warning", async () => {
  const object = { ...vmi(), metadata: { name: "v", namespace: "n", labels: { size: "quad" } } };
  const answer = await ask("/virtualmachineinstances-mutate", { namespace: "n", object });
  assert.equal(answer.allowed, true);
  assert.match(answer.warnings?.[0] ?? "", /VirtualMachineInstancePresets is now deprecated/);
  const cpu = answer.patch?.find(({ path }) => path === "/spec/domain/cpu")?.value;
  assert.equal((cpu as { cores?: number }).cores, 4);
  const elsewhere = await ask("/virtualmachineinstances-mutate", { namespace: "m", object });
  assert.deepEqual(elsewhere.warnings, undefined);
});

Deno.test("admission: a migration is made of a guest that is there and does not move yet", async () => {
  const asked = async (vmiName: string) =>
    await ask("/migration-validate-create", { namespace: "n", object: migration(vmiName) });
  assert.equal((await asked("free")).allowed, true);
  for (const name of ["nobody", "moving", ""]) {
    assert.deepEqual((await asked(name)).fields, ["spec.vmiName"], name);
  }
  const { patch } = await ask("/migration-create-mutate", { object: migration("free") });
  assert.deepEqual(patch, [
    { op: "add", path: "/metadata/finalizers", value: ["kubevirt.io/migrationJobFinalize"] },
    { op: "add", path: "/metadata/labels", value: { "kubevirt.io/vmi-name": "free" } },
  ]);
  const changed = { object: migration("other"), oldObject: migration("free"), operation: "UPDATE" };
  assert.deepEqual((await ask("/migration-validate-update", changed)).fields, ["spec"]);
});

Deno.test("admission: an installation stays while guests are there, where it was told to", async () => {
  const deletion = async (uninstallStrategy: string) =>
    await ask("/kubevirts-validate", {
      operation: "DELETE",
      object: null,
      oldObject: {
        apiVersion: "kubevirt.io/v1",
        kind: "KubeVirt",
        metadata: { name: "kubevirt", namespace: "kubevirt", uid: "k" },
        spec: { uninstallStrategy },
      },
    });
  assert.equal((await deletion("RemoveWorkloads")).allowed, true);
  assert.deepEqual((await deletion("BlockUninstallIfWorkloadsExist")).fields, [
    "spec.uninstallStrategy",
  ]);
});

const SMALL = { cpu: { guest: 2 }, memory: { guest: "1Gi" } };

async function store(kind: string, name: string, spec: unknown): Promise<void> {
  const resource = [...SERVED_RESOURCES].find((each) => each.kind === kind);
  assert.ok(resource !== undefined);
  const object = { apiVersion: apiVersionOf(resource), kind, metadata: { name }, spec };
  await client.create(resource, object, resource.namespaced ? { namespace: "n" } : {});
}

/** A VM without a size of its own. */
function sized(spec: Record<string, unknown>, domain: Record<string, unknown> = {}) {
  return vm({ template: { spec: { domain: { devices: {}, ...domain } } }, ...spec });
}

Deno.test("admission: a VM with an instancetype is judged with its size, also one that was made a moment ago", async () => {
  await store("VirtualMachineClusterInstancetype", "small", SMALL);
  const path = "/virtualmachines-validate";
  const instancetype = { name: "small" };
  const right = await ask(path, { object: sized({ instancetype }) });
  assert.deepEqual(right, { allowed: true, fields: [] });
  const twice = await ask(path, { object: sized({ instancetype }, { memory: { guest: "1Gi" } }) });
  assert.deepEqual(twice.fields, ["spec.template.spec.domain.memory.guest"]);
  const missing = await ask(path, { object: sized({ instancetype: { name: "other" } }) });
  assert.deepEqual(missing.fields, ["spec.instancetype"]);
  const unknown = await ask(path, {
    object: sized({ instancetype: { name: "small", kind: "Pod" } }),
  });
  assert.deepEqual(unknown.fields, ["spec.instancetype"]);
});

Deno.test("admission: memory that grows is judged by the size of the instancetype", async () => {
  const object = sized({ instancetype: { name: "small" } }, { memory: { maxGuest: "2Gi" } });
  assert.deepEqual((await ask("/virtualmachines-validate", { object })).fields, []);
});

Deno.test("admission: a preference's requirements and machine are a VM's", async () => {
  await store("VirtualMachineClusterInstancetype", "tiny", {
    cpu: { guest: 1 },
    memory: { guest: "1Gi" },
  });
  const requirements = { cpu: { guest: 2 } };
  const machine = { preferredMachineType: "pc-q35-7.2" };
  await store("VirtualMachinePreference", "linux", { requirements, machine });
  const preference = { name: "linux", kind: "VirtualMachinePreference" };
  const object = sized({ instancetype: { name: "tiny" }, preference });
  const refused = await ask("/virtualmachines-validate", { object });
  assert.deepEqual(refused.fields, ["spec.instancetype"]);
  const { patch } = await ask("/virtualmachines-mutate", { object });
  const added = patch?.find((operation) => operation.path === "/spec/template/spec/domain/machine");
  assert.deepEqual(added?.value, { type: "pc-q35-7.2" });
});

Deno.test("admission: matchers are inferred from a volume, or refused", async () => {
  const labels = { "instancetype.kubevirt.io/default-instancetype": "small" };
  const claim = { metadata: { name: "disk", labels }, spec: {} };
  await client.create(PERSISTENT_VOLUME_CLAIMS, claim, { namespace: "n" });
  const template = {
    spec: {
      domain: { devices: {} },
      volumes: [{ name: "root", persistentVolumeClaim: { claimName: "disk" } }],
    },
  };
  const path = "/virtualmachines-mutate";
  const inferred = await ask(path, {
    object: vm({ template, instancetype: { inferFromVolume: "root" } }),
  });
  const operations = inferred.patch?.filter((each) => each.path.startsWith("/spec/instancetype"));
  assert.deepEqual(operations?.map((each) => [each.op, each.path]), [
    ["remove", "/spec/instancetype/inferFromVolume"],
    ["add", "/spec/instancetype/name"],
    ["add", "/spec/instancetype/kind"],
  ]);
  const refused = await ask(path, {
    object: vm({ template, preference: { inferFromVolume: "root" } }),
  });
  assert.deepEqual(refused.fields, ["spec.preference.inferFromVolume"]);
  const both = { inferFromVolume: "root", name: "small" };
  const wrong = await ask(path, { object: vm({ template, instancetype: both }) });
  assert.deepEqual(wrong.fields, ["spec.instancetype.name"]);
});

Deno.test("admission: a VM whose spec stays is not looked up", async () => {
  const object = sized({ instancetype: { name: "gone" } });
  const request = { operation: "UPDATE", object, oldObject: object };
  assert.equal((await ask("/virtualmachines-validate", request)).allowed, true);
  assert.equal((await ask("/virtualmachines-mutate", request)).allowed, true);
});

Deno.test("admission: a bad instancetype and a bad preference are refused", async () => {
  const memory = { guest: "1Gi", overcommitPercent: 50, hugepages: { pageSize: "2Mi" } };
  const instancetype = {
    apiVersion: "instancetype.kubevirt.io/v1beta1",
    kind: "VirtualMachineInstancetype",
    metadata: { name: "x", namespace: "n" },
    spec: { cpu: { guest: 1 }, memory },
  };
  const size = await ask("/virtualmachineinstancetypes-validate", { object: instancetype });
  assert.deepEqual(size.fields, ["spec.memory.overcommitPercent"]);
  const spec = { cpu: { preferredCPUTopology: "all" } };
  const preference = { ...instancetype, kind: "VirtualMachineClusterPreference", spec };
  const taste = await ask("/virtualmachinepreferences-validate", { object: preference });
  assert.deepEqual(taste.fields, ["spec.cpu.preferredCPUTopology"]);
});
