/** Upstream's examples, put before API servers with our definitions and webhooks. */
import assert from "node:assert/strict";
import {
  type CustomResource,
  KUBEVIRTS,
  SERVED_RESOURCES,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
} from "../../src/api/registry.ts";
import { InvalidError } from "../../src/kube/client.ts";
import { NAMESPACES } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { testAgainstUpstream, upstreamExamples } from "../conformance/upstream.ts";
import { type Installation, INSTALLATIONS, type InstallationUnderTest } from "./installations.ts";

const GATES_TIMEOUT_MS = 60_000;
const GONE_TIMEOUT_MS = 60_000;
/** What examples need of an installation. */
const GATES = ["HostDisk", "Sidecar"];
/** Other objects name these: they are made first, and stay until the end. */
const NAMED_KINDS = [
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
];
const SAID_TWICE = ["spec.template.spec.domain.memory.guest"];
/** By file, the fields that are refused. They say their memory by an instancetype and by themselves, a conflict in KubeVirt v1.9, too. */
const REFUSED: Record<string, readonly string[]> = {
  "vm-cirros-clarge-windows.yaml": SAID_TWICE,
  "vm-cirros-clarge.yaml": SAID_TWICE,
  "vm-cirros-cluster-csmall.yaml": SAID_TWICE,
  "vm-cirros-csmall.yaml": SAID_TWICE,
  "vm-windows-clarge-windows.yaml": SAID_TWICE,
};
/** What examples name and none of them is: a file that serves with another name, perhaps as another kind. */
const NAMED_NOWHERE = [
  {
    resource: VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
    like: "csmall.yaml",
    name: "cluster-csmall",
  },
  { resource: VIRTUAL_MACHINE_INSTANCES, like: "vmi-masquerade.yaml", name: "vmi-migratable" },
];

interface Example {
  resource: CustomResource;
  file: string;
  object: KubeObject;
}

for (const { where, ignore, open } of INSTALLATIONS) {
  testAgainstUpstream(`upstream's examples are accepted with our webhooks ${where}`, {
    ignore,
    run: () => testExamples(open),
  });
}

async function testExamples(open: InstallationUnderTest["open"]): Promise<void> {
  await using installation = await open();
  const namespace = `examples-${crypto.randomUUID().slice(0, 8)}`;
  const { admin } = installation;
  await admin.create(NAMESPACES, { metadata: { name: namespace } });
  const kubevirt = { namespace, name: "kubevirt" };
  const named = [...examplesOf(NAMED_KINDS), ...NAMED_NOWHERE.map(exampleLike)];
  try {
    const developerConfiguration = { featureGates: GATES };
    const spec = { configuration: { developerConfiguration } };
    await admin.create(KUBEVIRTS, { ...typed(KUBEVIRTS), metadata: kubevirt, spec });
    for (const example of named) await create(admin, namespace, example);
    await untilGatesAreOpen(installation, namespace);
    const refused: Record<string, readonly string[]> = {};
    for (const example of examplesOf(SERVED_RESOURCES)) {
      if (NAMED_KINDS.includes(example.resource)) continue;
      const fields = await refusedFields(admin, namespace, example);
      if (fields.length > 0) refused[example.file] = fields;
    }
    assert.deepEqual(refused, REFUSED);
  } finally {
    for (const { resource, object: { metadata: { name } } } of named) {
      const key = resource.namespaced ? { namespace, name } : { name };
      await admin.delete(resource, key);
      await waitUntil({
        what: `${resource.kind} ${name} to be gone`,
        timeoutMs: GONE_TIMEOUT_MS,
        look: () => admin.get(resource, key),
        until: (seen) => seen === undefined,
        tell: (seen) => `${JSON.stringify(seen)}\n${installation.log().slice(-2_000)}`,
      });
    }
    await admin.delete(KUBEVIRTS, kubevirt);
    await admin.delete(NAMESPACES, { name: namespace });
  }
}

function typed({ group, version, kind }: CustomResource): { apiVersion: string; kind: string } {
  return { apiVersion: `${group}/${version}`, kind };
}

/** Without upstream's common instancetypes, which another test has. */
function examplesOf(resources: readonly CustomResource[]): Example[] {
  return resources.flatMap((resource) =>
    upstreamExamples(resource.kind).filter(({ file }) => !file.startsWith("cluster"))
      .map(({ file, object }) => ({ resource, file, object: object as KubeObject }))
  );
}

function exampleLike({ resource, like, name }: typeof NAMED_NOWHERE[number]): Example {
  const { object } = examplesOf(SERVED_RESOURCES).find(({ file }) => file === like) ??
    assert.fail(`There is no ${like}`);
  return {
    resource,
    file: like,
    object: { ...object, ...typed(resource), metadata: { ...object.metadata, name } },
  };
}

async function create(
  admin: FetchClient,
  namespace: string,
  { resource, object }: Example,
  options: { dryRun?: boolean } = {},
): Promise<void> {
  // Some are of another version than the stored one.
  const version = object.apiVersion.split("/")[1] ?? resource.version;
  await admin.create({ ...resource, version }, object, {
    ...options,
    ...(resource.namespaced ? { namespace } : {}),
  });
}

/** The webhooks are asked, and nothing is kept. */
async function refusedFields(
  admin: FetchClient,
  namespace: string,
  example: Example,
): Promise<string[]> {
  try {
    await create(admin, namespace, example, { dryRun: true });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    return error.status.details?.causes?.map(({ field = "" }) => field) ?? [error.message];
  }
}

/** The controller learns of its settings by a watch. */
async function untilGatesAreOpen({ admin, log }: Installation, namespace: string) {
  const gated = examplesOf(SERVED_RESOURCES).filter(({ file }) => file === "vmi-host-disk.yaml");
  assert.equal(gated.length, 1);
  await waitUntil({
    what: "the feature gates to be known to the controller",
    timeoutMs: GATES_TIMEOUT_MS,
    look: async () =>
      (await Promise.all(
        gated.map((example) => refusedFields(admin, namespace, example)),
      )).flat(),
    until: (fields) => fields.length === 0,
    tell: (fields) => `${JSON.stringify(fields)}\n${log().slice(-2_000)}`,
  });
}
