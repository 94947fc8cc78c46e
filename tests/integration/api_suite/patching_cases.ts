/** What the patch types do that have no owners: JSON patch, merge patch, strategic merge patch. */
import { type ApiCase, get, patch, post } from "./api_case.ts";
import {
  CONFIG_MAPS,
  configMap,
  pod,
  PODS,
  REPLICA_SETS,
  replicaSet,
  SERVICES,
  vm,
  VMS,
} from "./objects.ts";

const MADE = post(201, CONFIG_MAPS, configMap("a", { data: { a: "1", b: "2" } }));
const ONE = `${CONFIG_MAPS}/a`;

function jsonPatch(name: string, status: number, operations: unknown): ApiCase {
  return { name: `json patch: ${name}`, steps: [MADE, patch.json(status, ONE, operations)] };
}

const TWO_PORTS = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s" },
  spec: {
    clusterIP: "None",
    ports: [{ name: "a", port: 1, targetPort: 1 }, { name: "b", port: 2, targetPort: 2 }],
  },
};
const TWO_CONTAINERS = pod("p", {
  metadata: { finalizers: ["example.org/a", "example.org/b"] },
  spec: {
    containers: [{ name: "main", image: "registry.example/main:1" }, {
      name: "side",
      image: "registry.example/side:1",
    }],
    tolerations: [{ key: "x", operator: "Exists" }],
  },
});

export const PATCHING_CASES: readonly ApiCase[] = [
  jsonPatch("add", 200, [{ op: "add", path: "/data/c", value: "3" }]),
  jsonPatch("replace", 200, [{ op: "replace", path: "/data/a", value: "9" }]),
  jsonPatch("remove", 200, [{ op: "remove", path: "/data/a" }]),
  jsonPatch("copy and move", 200, [
    { op: "copy", from: "/data/a", path: "/data/c" },
    { op: "move", from: "/data/b", path: "/data/d" },
  ]),
  jsonPatch("a test that holds", 200, [
    { op: "test", path: "/data/a", value: "1" },
    { op: "add", path: "/data/c", value: "3" },
  ]),
  jsonPatch("a test that does not hold", 422, [{ op: "test", path: "/data/a", value: "9" }]),
  jsonPatch("remove of what is not there", 422, [{ op: "remove", path: "/data/zzz" }]),
  jsonPatch("replace of what is not there", 422, [{ op: "replace", path: "/data/z/y", value: "" }]),
  jsonPatch("escaped names", 200, [{ op: "add", path: "/metadata/annotations", value: {} }, {
    op: "add",
    path: "/metadata/annotations/example.org~1a",
    value: "1",
  }]),
  jsonPatch("nothing", 200, []),
  {
    name: "json patch: no list",
    steps: [
      MADE,
      patch.json(400, ONE, { op: "add" }, { statusOnly: "the text comes from Go's JSON reader" }),
    ],
  },
  {
    name: "json patch: an unknown operation",
    steps: [MADE, patch.json(422, ONE, [{ op: "paint", path: "/data/a" }])],
  },
  {
    name: "json patch: lists of a custom object",
    steps: [
      post(201, VMS, vm("v", { metadata: { finalizers: ["example.org/a"] } })),
      patch.json(200, `${VMS}/v`, [{
        op: "add",
        path: "/metadata/finalizers/-",
        value: "example.org/b",
      }]),
      patch.json(200, `${VMS}/v`, [{
        op: "add",
        path: "/metadata/finalizers/0",
        value: "example.org/c",
      }]),
      patch.json(200, `${VMS}/v`, [{ op: "remove", path: "/metadata/finalizers/1" }]),
    ],
  },
  {
    name: "json patch: the status subresource",
    steps: [
      post(201, VMS, vm("v")),
      patch.json(200, `${VMS}/v/status`, [{
        op: "add",
        path: "/status",
        value: { stateChangeRequests: [{ action: "Start" }] },
      }]),
    ],
  },
  {
    name: "merge patch: members are set, changed and removed",
    steps: [MADE, patch.merge(200, ONE, { data: { a: null, b: "3", c: "4" } })],
  },
  {
    name: "merge patch: lists are replaced",
    steps: [
      post(201, VMS, vm("v", { metadata: { finalizers: ["example.org/a"] } })),
      patch.merge(200, `${VMS}/v`, { metadata: { finalizers: ["example.org/b"] } }),
    ],
  },
  {
    name: "merge patch: nothing changed is nothing written",
    steps: [MADE, patch.merge(200, ONE, { data: { a: "1" } }), get(200, ONE)],
  },
  {
    name: "merge patch: with the right and the wrong version",
    steps: [
      MADE,
      (answers) => {
        const version = (answers[0]?.body as { metadata: { resourceVersion: string } }).metadata;
        return patch.merge(200, ONE, {
          metadata: { resourceVersion: version.resourceVersion },
          data: { a: "7" },
        });
      },
      (answers) => {
        const version = (answers[0]?.body as { metadata: { resourceVersion: string } }).metadata;
        return patch.merge(409, ONE, {
          metadata: { resourceVersion: version.resourceVersion },
          data: { a: "8" },
        });
      },
    ],
  },
  {
    name: "merge patch: another name",
    steps: [MADE, patch.merge(400, ONE, { metadata: { name: "b" } })],
  },
  {
    name: "merge patch: another UID",
    steps: [
      MADE,
      patch.merge(422, ONE, { metadata: { uid: "11111111-1111-1111-1111-111111111111" } }),
    ],
  },
  {
    name: "merge patch: what is not there",
    steps: [
      patch.merge(404, `${CONFIG_MAPS}/none`, { data: {} }),
      patch.merge(404, `${VMS}/none`, { metadata: { labels: {} } }),
    ],
  },
  {
    name: "merge patch: text that is no JSON",
    steps: [
      MADE,
      patch.merge(400, ONE, "{", { statusOnly: "the text comes from Go's JSON reader" }),
    ],
  },
  {
    name: "merge patch: what is not valid afterwards",
    steps: [
      post(201, VMS, vm("v")),
      patch.merge(422, `${VMS}/v`, { spec: { template: null } }),
      patch.merge(422, `${VMS}/v`, { spec: { template: "x" } }),
    ],
  },
  {
    name: "merge patch: dry run",
    steps: [MADE, patch.merge(200, `${ONE}?dryRun=All`, { data: { a: "9" } }), get(200, ONE)],
  },
  {
    name: "merge patch: unknown fields are refused when asked",
    steps: [
      MADE,
      patch.merge(422, `${ONE}?fieldValidation=Strict`, { colour: "red" }),
      post(201, VMS, vm("v")),
      patch.merge(422, `${VMS}/v?fieldValidation=Strict`, { spec: { colour: "red" } }),
    ],
  },
  {
    name: "merge patch: the status subresource changes status alone",
    steps: [
      post(201, VMS, vm("v")),
      patch.merge(200, `${VMS}/v/status`, {
        metadata: { labels: { x: "1" } },
        spec: { runStrategy: "Manual" },
        status: { printableStatus: "Stopped" },
      }),
    ],
  },
  {
    name: "merge patch: the scale subresource",
    steps: [
      post(201, REPLICA_SETS, replicaSet("r", 1)),
      patch.merge(200, `${REPLICA_SETS}/r/scale`, { spec: { replicas: 5 } }),
      get(200, `${REPLICA_SETS}/r`),
    ],
  },
  {
    name: "merge patch: the field manager is recorded",
    steps: [
      MADE,
      patch.merge(200, `${ONE}?fieldManager=first`, { data: { a: "5" } }),
      patch.merge(200, `${ONE}?fieldManager=second`, { data: { a: "6", c: "7" } }),
    ],
  },
  {
    name: "strategic merge patch: lists are merged by their keys",
    steps: [
      post(201, SERVICES, TWO_PORTS),
      patch.strategic(200, `${SERVICES}/s`, {
        spec: { ports: [{ port: 3, name: "c", targetPort: 3 }] },
      }),
      patch.strategic(200, `${SERVICES}/s`, { spec: { ports: [{ port: 1, name: "aa" }] } }),
    ],
  },
  {
    name: "strategic merge patch: members are removed by directive",
    steps: [
      post(201, SERVICES, TWO_PORTS),
      patch.strategic(200, `${SERVICES}/s`, { spec: { ports: [{ $patch: "delete", port: 1 }] } }),
    ],
  },
  {
    name: "strategic merge patch: a list is replaced by directive",
    steps: [
      post(201, SERVICES, TWO_PORTS),
      patch.strategic(200, `${SERVICES}/s`, {
        spec: { ports: [{ port: 9, name: "i", targetPort: 9 }, { $patch: "replace" }] },
      }),
    ],
  },
  {
    name: "strategic merge patch: order by directive",
    steps: [
      post(201, SERVICES, TWO_PORTS),
      patch.strategic(200, `${SERVICES}/s`, {
        spec: {
          "$setElementOrder/ports": [{ port: 2 }, { port: 1 }],
          ports: [{ port: 1, name: "z" }],
        },
      }),
    ],
  },
  {
    name: "strategic merge patch: primitive lists are merged, and shortened by directive",
    steps: [
      post(201, PODS, TWO_CONTAINERS),
      patch.strategic(200, `${PODS}/p`, { metadata: { finalizers: ["example.org/c"] } }),
      patch.strategic(200, `${PODS}/p`, {
        metadata: { "$deleteFromPrimitiveList/finalizers": ["example.org/a"] },
      }),
      patch.strategic(200, `${PODS}/p`, { metadata: { finalizers: null } }),
    ],
  },
  {
    name: "strategic merge patch: containers by name",
    steps: [
      post(201, PODS, TWO_CONTAINERS),
      patch.strategic(200, `${PODS}/p`, {
        spec: { containers: [{ name: "side", image: "registry.example/side:2" }] },
      }),
    ],
  },
  {
    name: "strategic merge patch: maps and nulls",
    steps: [MADE, patch.strategic(200, ONE, { data: { a: null, c: "3" } })],
  },
  {
    name: "strategic merge patch: a map is replaced by directive",
    steps: [MADE, patch.strategic(200, ONE, { data: { $patch: "replace", z: "1" } })],
  },
  {
    name: "strategic merge patch: pod conditions by type",
    steps: [
      post(201, PODS, TWO_CONTAINERS),
      patch.strategic(200, `${PODS}/p/status`, {
        status: { conditions: [{ type: "example.org/one", status: "True" }] },
      }),
      patch.strategic(200, `${PODS}/p/status`, {
        status: {
          conditions: [{ type: "example.org/two", status: "True" }, {
            type: "example.org/one",
            status: "False",
          }],
        },
      }),
    ],
  },
  {
    name: "strategic merge patch: custom objects have none",
    steps: [post(201, VMS, vm("v")), patch.strategic(415, `${VMS}/v`, { metadata: {} })],
  },
  {
    name: "patch: an unknown media type",
    steps: [MADE, patch.merge(415, ONE, {}, { contentType: "application/json" })],
  },
  {
    name: "patch: at the path of a collection",
    steps: [patch.merge(405, CONFIG_MAPS, {})],
  },
];
