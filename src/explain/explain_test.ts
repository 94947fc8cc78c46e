import assert from "node:assert/strict";
import {
  KUBEVIRTS,
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINES,
} from "../api/registry.ts";
import type { Resource } from "../kube/client.ts";
import { NODES } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { SILENT_LOGGER } from "../runtime/log.ts";
import { pool, replicaSet, vm, vmi } from "../resources/testing/builders.ts";
import { explain, type ExplainRequest } from "./explain.ts";
import { EXPLAINERS } from "./explainers.ts";

const NAMESPACE = "shop";
const NAME = "web";

function named(object: { apiVersion: string; kind: string; spec?: unknown }) {
  const { apiVersion, kind, spec } = object;
  return { apiVersion, kind, metadata: { name: NAME }, spec };
}

/** One object of each kind, the first thing that would be done about it, and a word of why. */
const OBJECTS: readonly [Resource, Record<string, unknown>, RegExp][] = [
  [VIRTUAL_MACHINES, named(vm()), /create_vmi.*\n[^]*SuccessfulCreate/],
  [VIRTUAL_MACHINE_INSTANCES, named(vmi()), /create_pod.*\n[^]*SuccessfulCreate/],
  [VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS, named(replicaSet({})), /create_vmi.*\n.*create_vmi/],
  [VIRTUAL_MACHINE_POOLS, named(pool({})), /create_revision.*\n.*create_vm.*\n[^]*Created VM/],
  [
    VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
    named({
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      spec: { vmiName: "nobody" },
    }),
    /Would do nothing[^]*phase: Failed[^]*VMINotExists/,
  ],
  [NODES, named({ apiVersion: "v1", kind: "Node" }), /Would do nothing/],
  [
    KUBEVIRTS,
    named({ apiVersion: "kubevirt.io/v1", kind: "KubeVirt", spec: {} }),
    /add_finalizer[^]*Available=True/,
  ],
];

function keyOf({ namespaced }: Resource) {
  return namespaced ? { namespace: NAMESPACE, name: NAME } : { name: NAME };
}

async function ask(client: FakeClient, request: ExplainRequest) {
  return await explain(request, {
    client,
    logger: SILENT_LOGGER,
    signal: AbortSignal.timeout(30_000),
    envelopeImage: "registry.example/envelope:1",
    namespace: "kubevirt",
    version: "v1.9.0",
  });
}

Deno.test("explain() knows every kind that the table has, and no other", () => {
  const kinds = EXPLAINERS.map(({ resource }) => resource.kind);
  assert.deepEqual(kinds, OBJECTS.map(([{ kind }]) => kind));
});

for (const [resource, object, expected] of OBJECTS) {
  Deno.test(`explain() says of a ${resource.kind} what its controller would do, and does nothing`, async () => {
    const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
    const key = keyOf(resource);
    const before = await client.create(resource, object, key);
    const outcome = await ask(client, { kind: resource.kind, key });
    assert.ok("text" in outcome);
    assert.match(outcome.text, expected);
    const json = await ask(client, { kind: resource.kind, key, output: "json" });
    assert.ok("text" in json);
    const { world, decision } = JSON.parse(json.text);
    assert.equal(typeof world.now, "string");
    assert.ok(Array.isArray(decision.actions));
    assert.deepEqual(await client.get(resource, key), before);
  });
}

Deno.test("explain() says what is unknown: a kind, an object", async () => {
  const client = new FakeClient();
  const key = { namespace: NAMESPACE, name: NAME };
  const kind = await ask(client, { kind: "pod", key });
  assert.match("problem" in kind ? kind.problem : "", /must be one of virtualmachine, /);
  const object = await ask(client, { kind: "vmpool", key });
  assert.match("problem" in object ? object.problem : "", /shop\/web: it does not exist/);
});
