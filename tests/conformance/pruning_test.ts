/**
 * Whatever a user of upstream writes is stored whole: seen on a real API server with nothing but our CRDs, because it is
 * the API server that prunes.
 */
import assert from "node:assert/strict";
import { structuralSchema } from "../../src/api/crd.ts";
import type { StructuralSchema } from "../../src/api/custom_resource_definition.ts";
import { apiVersionOf, type CustomResource } from "../../src/api/registry.ts";
import { SCHEMAS } from "../../src/api/schemas.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { installAllCrds } from "../integration/install_crds.ts";
import { acceptable } from "./acceptable.ts";
import { filled } from "./filled.ts";
import { hasFixture, readUpstreamJson, testAgainstUpstream, upstreamExamples } from "./upstream.ts";

const RELEASES = ["v1.9.0", "v1.8"] as const;

/** What the tests read of any object. */
interface Manifest {
  spec?: unknown;
  status?: unknown;
}

function asManifest(object: unknown): Manifest {
  assert.ok(typeof object === "object" && object !== null && "spec" in object);
  return object;
}

/** Paths of what was sent and is not stored, or not as it was sent. What the server added does not count. */
function findLost(sent: unknown, stored: unknown, path: string): string[] {
  if (typeof sent !== "object" || sent === null) return sent === stored ? [] : [path];
  if (typeof stored !== "object" || stored === null) return [path];
  const members: Record<string, unknown> = { ...stored };
  return Object.entries(sent).flatMap(([name, member]) =>
    findLost(member, members[name], `${path}.${name}`)
  );
}

/** Stores an object, status included, deletes it again, and says what of it was lost. */
async function storeAndCompare(
  client: KubeClient,
  resource: CustomResource,
  options: { manifest: Manifest; namespace: string },
): Promise<string[]> {
  const { manifest: { spec, status }, namespace } = options;
  const key = { namespace, name: "object" };
  const created = await client.create<KubeObject & Manifest>(
    resource,
    {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: key,
      spec,
      ...(status !== undefined && { status }),
    },
    { namespace },
  );
  try {
    const stored = resource.statusSubresource && status !== undefined
      ? await client.patch<KubeObject & Manifest>(resource, key, { status }, {
        subresource: "status",
      })
      : created;
    const lostStatus = status === undefined ? [] : findLost(status, stored.status, "status");
    return [...findLost(spec, stored.spec, "spec"), ...lostStatus];
  } finally {
    await client.delete(resource, key);
  }
}

/** Upstream's fixtures and examples of a kind, by where they come from; a filled object where there is no fixture. */
function objectsOf(kind: string, schema: StructuralSchema): [string, unknown][] {
  const whole: [string, unknown][] = hasFixture(kind)
    ? RELEASES.map((release) => [release, readUpstreamJson(`fixtures/${release}/${kind}.json`)])
    : [["filled", filled(schema)]];
  return [
    ...whole,
    ...upstreamExamples(kind).map(({ file, object }): [string, unknown] => [file, object]),
  ];
}

for (const [resource, schema] of SCHEMAS) {
  testAgainstUpstream(`an API server prunes nothing of a ${resource.kind}${SKIP_NOTE}`, {
    ignore: TEST_KUBECONFIG === undefined,
    async run() {
      await using server = await openRealServer();
      const { client, namespace } = server;
      await installAllCrds(client);
      const structural = structuralSchema(schema);
      for (const [from, object] of objectsOf(resource.kind, structural)) {
        const manifest = asManifest(acceptable(object, structural));
        const lost = await storeAndCompare(client, resource, { manifest, namespace });
        assert.deepEqual(lost, [], from);
      }
    },
  });
}
