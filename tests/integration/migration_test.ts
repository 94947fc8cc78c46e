/** Presets and migrations on API servers with the controller's webhooks. */
import assert from "node:assert/strict";
import type { VirtualMachineInstanceMigration } from "../../src/api/migration.ts";
import {
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCE_PRESETS,
  VIRTUAL_MACHINE_INSTANCES,
} from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { InvalidError } from "../../src/kube/client.ts";
import { NAMESPACES, PODS } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import { SCHEDULED_BY_TEST } from "../../src/resources/testing/builders.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { INSTALLATIONS, type InstallationUnderTest } from "./installations.ts";

const TIMEOUT_MS = 60_000;

function instance(name: string): Record<string, unknown> {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, labels: { "kubevirt.io/vmPreset": "small" } },
    spec: {
      schedulerName: SCHEDULED_BY_TEST,
      domain: { devices: { autoattachGraphicsDevice: false } },
    },
  };
}

function migration(vmiName: string): Record<string, unknown> {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { generateName: "move-" },
    spec: { vmiName },
  };
}

for (const { where, ignore, open } of INSTALLATIONS) {
  Deno.test({
    name: `migration: of a guest that cannot be moved ends and says why, after presets, ${where}`,
    ignore,
    fn: () => testMigration(open),
  });
}

async function testMigration(open: InstallationUnderTest["open"]): Promise<void> {
  await using installation = await open();
  const { admin } = installation;
  const namespace = `move-${crypto.randomUUID().slice(0, 8)}`;
  await admin.create(NAMESPACES, { metadata: { name: namespace } });
  await presetIsApplied(admin, namespace);
  await assert.rejects(
    admin.create(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, migration("nobody"), { namespace }),
    (error) => error instanceof InvalidError && /does not exist/.test(error.message),
  );
  const key = { namespace, name: "small" };
  const reason = "LiveMigrationNotSupported";
  const conditions = [{ type: "LiveMigratable", status: "False", reason, message: "not yet" }];
  const status = { phase: "Running", nodeName: "nowhere", conditions };
  using account = await installation.clientOf("denovirt-controller");
  // One that is said to run without a pod would be found to have failed.
  await waitUntil({
    what: "the pod of the instance",
    timeoutMs: TIMEOUT_MS,
    look: () => admin.list(PODS, { namespace, labelSelector: "vm.kubevirt.io/name=small" }),
    until: ({ items }) => items.length > 0,
  });
  await account.patch(VIRTUAL_MACHINE_INSTANCES, key, { status });
  const made = await admin.create<VirtualMachineInstanceMigration>(
    VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
    migration("small"),
    { namespace },
  );
  assert.deepEqual(made.metadata.finalizers, ["kubevirt.io/migrationJobFinalize"]);
  assert.equal(made.metadata.labels?.["kubevirt.io/vmi-name"], "small");
  const ended = await waitUntil({
    what: "the migration to end and let go",
    timeoutMs: TIMEOUT_MS,
    look: () =>
      admin.get<VirtualMachineInstanceMigration>(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, {
        namespace,
        name: made.metadata.name,
      }),
    until: (seen) =>
      seen?.status?.phase === "Failed" && (seen.metadata.finalizers ?? []).length === 0,
  });
  const { migrationState } = ended?.status ?? {};
  const rejected = ended?.status?.conditions?.find(({ type }) => type === "migrationRejected");
  // Other tests may have nodes on the same server.
  assert.ok(["NoTargetNode", reason].includes(rejected?.reason ?? ""));
  assert.equal(migrationState?.failureReason, rejected?.message);
  // No guest runs, so nobody would take it away.
  await account.patch(VIRTUAL_MACHINE_INSTANCES, key, { metadata: { finalizers: [] } });
  await admin.delete(NAMESPACES, { name: namespace });
}

async function presetIsApplied(admin: FetchClient, namespace: string): Promise<void> {
  const selector = { matchLabels: { "kubevirt.io/vmPreset": "small" } };
  // Not the version that is stored.
  const presets = { ...VIRTUAL_MACHINE_INSTANCE_PRESETS, version: "v1" };
  await admin.create(presets, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstancePreset",
    metadata: { name: "small" },
    spec: { selector, domain: { devices: {}, memory: { guest: "128Mi" } } },
  }, { namespace });
  // A replica of the controller sees the preset a moment later.
  const made = await waitUntil({
    what: "a new instance to get what the preset says",
    timeoutMs: TIMEOUT_MS,
    look: () =>
      admin.create<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, instance("small"), {
        namespace,
        dryRun: true,
      }),
    until: ({ spec }) => spec.domain.memory?.guest === "128Mi",
  });
  const annotation = "virtualmachinepreset.kubevirt.io/small";
  assert.equal(made.metadata.annotations?.[annotation], "kubevirt.io/v1");
  await admin.create(VIRTUAL_MACHINE_INSTANCES, instance("small"), { namespace });
}
