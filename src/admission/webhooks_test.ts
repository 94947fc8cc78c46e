import assert from "node:assert/strict";
import { JsonLogger } from "../runtime/log.ts";
import { BUILT_IN_DEFAULTS } from "../resources/cluster_defaults.ts";
import type { VirtualMachineInstanceMigration } from "../api/migration.ts";
import type { VirtualMachineInstancePreset } from "../api/preset.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { vmi as guest } from "../resources/testing/builders.ts";
import { Admission } from "./admission.ts";

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

const admission = new Admission({
  cluster: () => BUILT_IN_DEFAULTS,
  installationUsers: [CONTROLLER],
  lookups: {
    presetsIn: (namespace) => PRESETS.filter(({ metadata }) => metadata.namespace === namespace),
    instance: ({ name }) => Promise.resolve(INSTANCES.find((vmi) => vmi.metadata.name === name)),
    migrationsOf: ({ name }) => MIGRATIONS.filter(({ spec }) => spec.vmiName === name),
    workloads: () => 3,
  },
  logger: new JsonLogger({ write: () => {} }),
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
