import assert from "node:assert/strict";
import fc from "fast-check";
import { KubeError } from "../../../kube/client.ts";
import type { Json, JsonObject } from "../../../kube/json.ts";
import { coreSchema } from "../schema/core_schemas.ts";
import type { Schema } from "../schema/schema.ts";
import { ANY_JSON, ANY_OBJECT } from "../testing/any_json.ts";
import { applyStrategicMergePatch } from "./strategic_merge_patch.ts";

const POD = coreSchema({ group: "", version: "v1", kind: "Pod" })!;

const CASES: { name: string; object: JsonObject; patch: JsonObject; want: JsonObject }[] = [
  {
    name: "containers are merged by name, new ones go to the front",
    object: { spec: { containers: [{ name: "a", image: "1" }, { name: "b", image: "1" }] } },
    patch: { spec: { containers: [{ name: "c", image: "3" }, { name: "b", image: "2" }] } },
    want: {
      spec: {
        containers: [{ name: "c", image: "3" }, { name: "a", image: "1" }, {
          name: "b",
          image: "2",
        }],
      },
    },
  },
  {
    name: "an element is deleted by a directive",
    object: { spec: { containers: [{ name: "a" }, { name: "b" }] } },
    patch: { spec: { containers: [{ name: "a", $patch: "delete" }] } },
    want: { spec: { containers: [{ name: "b" }] } },
  },
  {
    name: "a list is replaced by a directive",
    object: { spec: { containers: [{ name: "a" }, { name: "b" }] } },
    patch: { spec: { containers: [{ $patch: "replace" }, { name: "c" }] } },
    want: { spec: { containers: [{ name: "c" }] } },
  },
  {
    name: "an object is replaced or emptied by a directive",
    object: { spec: { nodeSelector: { a: "1" }, securityContext: { runAsUser: 1 } } },
    patch: {
      spec: { nodeSelector: { $patch: "replace", b: "2" }, securityContext: { $patch: "delete" } },
    },
    want: { spec: { nodeSelector: { b: "2" }, securityContext: {} } },
  },
  {
    name: "a list without a strategy is replaced",
    object: { spec: { containers: [{ name: "a", args: ["1", "2"] }] } },
    patch: { spec: { containers: [{ name: "a", args: ["3"] }] } },
    want: { spec: { containers: [{ name: "a", args: ["3"] }] } },
  },
  {
    name: "values are added to a set and deleted from it",
    object: { metadata: { finalizers: ["a/x", "b/x"] } },
    patch: {
      metadata: { "$deleteFromPrimitiveList/finalizers": ["a/x"], finalizers: ["c/x"] },
    },
    want: { metadata: { finalizers: ["c/x", "b/x"] } },
  },
  {
    name: "the order of elements is given, others keep their places",
    object: { spec: { containers: [{ name: "a" }, { name: "x" }, { name: "b" }] } },
    patch: {
      spec: {
        "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
        containers: [{ name: "b", image: "2" }],
      },
    },
    want: { spec: { containers: [{ name: "x" }, { name: "b", image: "2" }, { name: "a" }] } },
  },
  {
    name: "keys that are not retained go",
    object: { spec: { volumes: [{ name: "v", emptyDir: {} }] } },
    patch: {
      spec: {
        volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/a" } }],
      },
    },
    want: { spec: { volumes: [{ name: "v", hostPath: { path: "/a" } }] } },
  },
  {
    name: "null removes, and is not added",
    object: { metadata: { labels: { a: "1" } } },
    patch: { metadata: { labels: { a: null, b: null }, annotations: { c: null, d: "1" } } },
    want: { metadata: { labels: {}, annotations: { d: "1" } } },
  },
];

for (const { name, object, patch, want } of CASES) {
  Deno.test(`applyStrategicMergePatch(): ${name}`, () => {
    assert.deepEqual(applyStrategicMergePatch(object, patch, POD), want);
  });
}

const REFUSED: [string, Json, number][] = [
  ["what is no object", [], 400],
  ["an element without its key", { spec: { containers: [{ image: "a" }] } }, 500],
  ["an element that is null", { spec: { containers: [null] } }, 500],
  ["one of them that is", { spec: { containers: [{ name: "a" }, null] } }, 500],
  ["a directive that is none", { spec: { $patch: "odd" } }, 500],
  ["retained keys that are no list", { spec: { $retainKeys: "a" } }, 400],
  ["a change beside the retained keys", { spec: { $retainKeys: ["a"], nodeName: "b" } }, 400],
  [
    "an order that the elements do not have",
    {
      spec: {
        "$setElementOrder/containers": [{ name: "a" }, { name: "b" }],
        containers: [{ name: "b" }, { name: "a" }],
      },
    },
    500,
  ],
];

for (const [name, patch, code] of REFUSED) {
  Deno.test(`applyStrategicMergePatch() refuses ${name} with ${code}`, () => {
    const object = { spec: { containers: [{ name: "a" }] } };
    assert.throws(
      () => applyStrategicMergePatch(object, patch, POD),
      (error) => error instanceof KubeError && error.code === code,
    );
  });
}

const SCHEMA: Schema = {
  properties: {
    a: { properties: { b: {} } },
    list: {
      type: "array",
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "name",
      items: { properties: { list: { type: "array", "x-kubernetes-patch-strategy": "merge" } } },
    },
    b: { type: "array", "x-kubernetes-patch-strategy": "merge,retainKeys" },
  },
};
const DIRECTED = fc.record({
  list: fc.array(
    fc.record({ name: ANY_JSON, $patch: fc.constantFrom("delete", "replace", "odd") }, {
      requiredKeys: [],
      noNullPrototype: true,
    }),
  ),
  $retainKeys: ANY_JSON,
  "$setElementOrder/list": ANY_JSON,
  "$deleteFromPrimitiveList/b": ANY_JSON,
  $patch: ANY_JSON,
}, { requiredKeys: [], noNullPrototype: true });

Deno.test("applyStrategicMergePatch() answers any patch with JSON or a KubeError, and changes no argument", () => {
  const patches = fc.oneof(ANY_OBJECT, DIRECTED, ANY_JSON);
  fc.assert(fc.property(ANY_OBJECT, patches, (object, patch) => {
    const before = structuredClone({ object, patch });
    try {
      JSON.stringify(applyStrategicMergePatch(object, patch, SCHEMA));
    } catch (error) {
      assert.ok(error instanceof KubeError, String(error));
    }
    assert.deepEqual({ object, patch }, before);
  }));
});

Deno.test("applyStrategicMergePatch() of the same patch again changes nothing", () => {
  const names = fc.constantFrom("a", "b", "c", "d");
  const list = fc.uniqueArray(fc.record({ name: names, image: names }, { noNullPrototype: true }), {
    selector: ({ name }) => name,
  });
  const pod = (containers: unknown) => ({ spec: { containers } }) as JsonObject;
  fc.assert(fc.property(list, list, (before, patch) => {
    const once = applyStrategicMergePatch(pod(before), pod(patch), POD);
    assert.deepEqual(applyStrategicMergePatch(once, pod(patch), POD), once);
  }));
});

Deno.test("applyStrategicMergePatch() merges the longest list that a request can bring", () => {
  // Looking for each element among all others would take minutes.
  const list = Array.from({ length: 60_000 }, (_, index) => ({ name: `c${index}`, image: "x" }));
  const object = { spec: { containers: list } };
  const patch = { spec: { containers: list.toReversed() } };
  const start = performance.now();
  const { spec } = applyStrategicMergePatch(object, patch, POD) as typeof object;
  assert.deepEqual(spec.containers[0], list.at(-1));
  assert.ok(performance.now() - start < 30_000);
});
