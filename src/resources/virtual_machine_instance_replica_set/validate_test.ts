import assert from "node:assert/strict";
import type { VirtualMachineInstanceReplicaSet } from "../../api/replica_set.ts";
import { clusterDefaults } from "../cluster_defaults.ts";
import { replicaSet } from "../testing/builders.ts";
import { validateReplicaSet } from "./validate.ts";

const DEFAULTS = {
  cluster: clusterDefaults(undefined),
  uuid: "5d307ca9-b3ef-428c-8861-06e72d69f223",
  now: "2026-01-01T00:00:00Z",
};

type Spec = VirtualMachineInstanceReplicaSet["spec"];

/** What is wrong, and what is said of which fields. */
const BAD: readonly (readonly [string, Partial<Spec>, string[]])[] = [
  ["a template without guest", { template: { metadata: { labels: { app: "web" } } } }, [
    "spec.template.spec: missing virtual machine template.",
  ]],
  ["a selector that misses the template", { selector: { matchLabels: { app: "db" } } }, [
    "spec.selector: selector does not match labels.",
  ]],
  ["a selector that means nothing", {
    selector: { matchExpressions: [{ key: "app", operator: "Like" }] },
  }, ['spec.selector: "Like" is not a valid label selector operator']],
  ["a negative number", { replicas: -1 }, ["spec.replicas: replicas must not be negative: got -1"]],
  ["a guest that is not acceptable", {
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        domain: {
          devices: { disks: [{ name: "no-volume", disk: {} }] },
          memory: { guest: "512Mi" },
        },
      },
    },
  }, [
    "spec.template.spec.domain.devices.disks[0].name: spec.template.spec.domain.devices.disks[0].name 'no-volume' not found.",
  ]],
];

for (const [what, change, said] of BAD) {
  Deno.test(`validateReplicaSet() refuses ${what}`, () => {
    const set = replicaSet(change);
    const causes = validateReplicaSet({ set, old: undefined, defaults: DEFAULTS });
    assert.deepEqual(causes.map(({ field, message }) => `${field}: ${message}`), said);
  });
}

Deno.test("validateReplicaSet() accepts a good one, and leaves a stored one editable", () => {
  const defaults = DEFAULTS;
  assert.deepEqual(validateReplicaSet({ set: replicaSet({}), old: undefined, defaults }), []);
  const bad = replicaSet({ replicas: -1 });
  assert.deepEqual(validateReplicaSet({ set: bad, old: bad, defaults }), []);
});
