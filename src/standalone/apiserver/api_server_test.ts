import assert from "node:assert/strict";
import fc from "fast-check";
import { KubeError } from "../../kube/client.ts";
import { FetchClient } from "../../kube/fetch_client.ts";
import { CONFIG_MAPS, NAMESPACES, SECRETS } from "../../kube/core_resources.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { ApiServer } from "./api_server.ts";
import type { CustomResourceDefinition } from "./kinds/custom_kind.ts";
import type { Schema } from "./schema/schema.ts";
import { IN_PROCESS_SERVER } from "./in_process_fetch.ts";
import { listenForTests, openServerBed } from "./testing/server_bed.ts";

const NAMESPACE = "default";
/** `APISERVER_CREATIONS` makes it longer: 30,000 are 30 s at 1,000 a second. */
const CREATIONS = Number(Deno.env.get("APISERVER_CREATIONS") ?? 500);
const WATCHERS = 10;
const AT_ONCE = 50;
const PAYLOAD = "x".repeat(1800);

Deno.test(`ApiServer: ${WATCHERS} watches see each of ${CREATIONS} creations once, in order`, async () => {
  await using bed = await openServerBed();
  using client = bed.server.client();
  const { metadata: { resourceVersion } } = await client.list(CONFIG_MAPS, {
    namespace: NAMESPACE,
  });
  const stop = new AbortController();
  const watching = Array.from(
    { length: WATCHERS },
    () => seenBy(bed.server, { resourceVersion, signal: stop.signal }),
  );
  let next = 0;
  const work = async () => {
    while (next < CREATIONS) {
      const metadata = { name: `c-${next++}`, namespace: NAMESPACE };
      await client.create(CONFIG_MAPS, { metadata, data: { payload: PAYLOAD } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const seen = await Promise.all(watching);
  for (const versions of seen) {
    assert.equal(versions.length, CREATIONS);
    assert.deepEqual(versions, [...versions].sort((a, b) => a - b));
    assert.deepEqual(versions, seen[0]);
  }
});

/** Versions of the creations, as a watch of its own tells them. */
async function seenBy(
  server: ApiServer,
  options: { resourceVersion: string; signal: AbortSignal },
): Promise<number[]> {
  using client = server.client();
  const versions: number[] = [];
  for await (
    const { type, object } of client.watch(CONFIG_MAPS, { namespace: NAMESPACE, ...options })
  ) {
    if (type === "ADDED") versions.push(Number(object.metadata.resourceVersion));
    if (versions.length === CREATIONS) break;
  }
  return versions;
}

Deno.test("ApiServer: a reader reads all but secrets, and writes nothing", async () => {
  await using bed = await openServerBed();
  const { viewer, admin } = await listenForTests(bed.server);
  using reader = new FetchClient({ connection: viewer, userAgent: "reader/0" });
  using writer = new FetchClient({ connection: admin, userAgent: "writer/0" });
  const metadata = { name: "one", namespace: NAMESPACE };
  await writer.create(CONFIG_MAPS, { metadata });
  assert.equal((await reader.get(CONFIG_MAPS, metadata))?.metadata.name, "one");
  const forbidden = (error: unknown) => error instanceof KubeError && error.code === 403;
  await assert.rejects(reader.list(SECRETS, { namespace: NAMESPACE }), forbidden);
  await assert.rejects(reader.delete(CONFIG_MAPS, metadata), forbidden);
  const stranger = { ...viewer, authorization: () => Promise.resolve("Bearer of-no-one") };
  using nobody = new FetchClient({ connection: stranger, userAgent: "nobody/0" });
  await assert.rejects(
    nobody.get(CONFIG_MAPS, metadata),
    (error) => error instanceof KubeError && error.code === 401,
  );
});

const WIDGETS = {
  group: "example.com",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};

function widgetDefinition(schema: () => Schema): CustomResourceDefinition {
  const { group, kind, plural } = WIDGETS;
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: {
      get openAPIV3Schema() {
        return schema();
      },
    },
  };
  return {
    spec: { group, scope: "Namespaced", names: { kind, plural }, versions: [version] },
  };
}

Deno.test("ApiServer: what is still loading is read at once, and written once it is there", async () => {
  const loaded = Promise.withResolvers<void>();
  const late: { schema?: Schema } = {};
  const definition = widgetDefinition(() => late.schema ?? assert.fail("It was read too early"));
  await using bed = await openServerBed({ definitions: [definition], loaded: loaded.promise });
  using client = bed.server.client();
  const events: string[] = [];
  const creating = client.create(WIDGETS, {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "one", namespace: NAMESPACE },
    spec: { size: 1, unknown: true },
  }).finally(() => events.push("created"));
  const described = client.raw("GET", `/openapi/v3/apis/${WIDGETS.group}/v1`, {});
  assert.deepEqual((await client.list(WIDGETS, {})).items, []);
  await client.raw("GET", `/apis/${WIDGETS.group}/v1`, {});
  await client.create(CONFIG_MAPS, { metadata: { name: "one", namespace: NAMESPACE } });
  events.push("loaded");
  late.schema = {
    type: "object",
    properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
  };
  loaded.resolve();
  const { spec: written } = await creating as KubeObject & { spec: unknown };
  assert.deepEqual(written, { size: 1 });
  assert.match(JSON.stringify(await described), /Widget/);
  assert.deepEqual(events, ["loaded", "created"]);
});

Deno.test("ApiServer: what cannot be loaded is not written", async () => {
  const loaded = Promise.reject(new Error("no such module"));
  await using bed = await openServerBed({
    definitions: [widgetDefinition(() => assert.fail())],
    loaded,
  });
  using client = bed.server.client();
  const metadata = { name: "one", namespace: NAMESPACE };
  const failed = (error: unknown) => error instanceof KubeError && error.code === 500;
  await assert.rejects(client.create(WIDGETS, { metadata }), failed);
  assert.equal(await client.get(WIDGETS, metadata), undefined);
});

Deno.test("ApiServer: a store that cannot be read is 503, not 404", async () => {
  await using bed = await openServerBed();
  using client = bed.server.client();
  const metadata = { name: "one", namespace: NAMESPACE };
  const made = await client.create<KubeObject>(CONFIG_MAPS, { metadata });
  const { uid } = made.metadata;
  assert.equal(
    (await client.get(NAMESPACES, { name: "kube-system" }))?.metadata.name,
    "kube-system",
  );
  assert.equal((await client.get(CONFIG_MAPS, metadata))?.metadata.uid, uid);
  bed.store[Symbol.dispose]();
  const failing = client.get(CONFIG_MAPS, metadata);
  await assert.rejects(failing, (error) => error instanceof KubeError && error.code === 503);
});

const METHODS = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW");
const SEGMENT = fc.oneof(
  fc.constantFrom(
    "api",
    "apis",
    "v1",
    "namespaces",
    "default",
    "configmaps",
    "pods",
    "status",
    "scale",
    "binding",
    "openapi",
    "v3",
    "authorization.k8s.io",
    "selfsubjectaccessreviews",
  ),
  fc.webSegment(),
);
const QUERY = fc.dictionary(
  fc.constantFrom(
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "labelSelector",
    "fieldSelector",
    "dryRun",
    "fieldManager",
    "fieldValidation",
    "force",
    "propagationPolicy",
    "gracePeriodSeconds",
  ),
  fc.string(),
);
const BODY = fc.oneof(
  fc.json(),
  fc.string(),
  fc.record({
    apiVersion: fc.constantFrom("v1", "kubevirt.io/v1"),
    kind: fc.constantFrom("ConfigMap", "Pod", "Binding", "DeleteOptions"),
    metadata: fc.record({ name: fc.string(), labels: fc.jsonValue(), finalizers: fc.jsonValue() }, {
      requiredKeys: [],
    }),
    spec: fc.jsonValue(),
    data: fc.jsonValue(),
  }, { requiredKeys: [] }).map((body) => JSON.stringify(body)),
);
const TYPES = fc.constantFrom(
  "application/json",
  "application/yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "text/plain",
  "application/vnd.kubernetes.protobuf",
);
/** `APISERVER_FUZZ_RUNS` makes it longer. */
const FUZZ_RUNS = Number(Deno.env.get("APISERVER_FUZZ_RUNS") ?? 300);

Deno.test("ApiServer: any request gets an answer that is no failure of the server", async () => {
  await using bed = await openServerBed();
  const send = bed.server.fetchAs({ username: "fuzz", groups: ["system:masters"] });
  const path = fc.array(SEGMENT, { minLength: 1, maxLength: 7 }).map((each) =>
    `/${each.join("/")}`
  );
  await fc.assert(
    fc.asyncProperty(METHODS, path, QUERY, BODY, TYPES, async (method, at, query, body, type) => {
      const url = `${IN_PROCESS_SERVER}${at}?${new URLSearchParams(query)}`;
      const response = await send(url, { method, body, headers: { "content-type": type } });
      const text = await response.text();
      // 500 is what the real server says to a few of them; a message of ours would be a mistake.
      assert.ok(!text.includes("Internal error occurred"), text);
      if (response.headers.get("content-type")?.startsWith("application/json")) JSON.parse(text);
    }),
    { numRuns: FUZZ_RUNS },
  );
  assert.deepEqual(bed.errors, []);
});
