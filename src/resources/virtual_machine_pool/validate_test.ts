import assert from "node:assert/strict";
import type { VirtualMachinePool } from "../../api/pool.ts";
import { clusterDefaults } from "../cluster_defaults.ts";
import { pool } from "../testing/builders.ts";
import { validatePool } from "./validate.ts";

const defaults = {
  cluster: clusterDefaults(undefined),
  uuid: "5d307ca9-b3ef-428c-8861-06e72d69f223",
  now: "2026-01-01T00:00:00Z",
};

type Spec = VirtualMachinePool["spec"];

const TEMPLATE = pool({}).spec.virtualMachineTemplate;
const MACHINE = "spec.virtualMachineTemplate.spec";

/** What is wrong, and the fields that are named for it. */
const BAD: readonly (readonly [string, Partial<Spec>, string[]])[] = [
  ["a template without a machine", {
    virtualMachineTemplate: { metadata: { labels: { app: "web" } } },
  }, [MACHINE]],
  ["a selector that misses the template", { selector: { matchLabels: { app: "db" } } }, [
    "spec.selector",
  ]],
  ["a selector that means nothing", {
    selector: { matchExpressions: [{ key: "app", operator: "Like" }] },
  }, ["spec.selector"]],
  ["a share that is none", { maxUnavailable: "half" }, ["spec.maxUnavailable"]],
  ["a negative limit", { maxUnavailable: -1 }, ["spec.maxUnavailable"]],
  ["two strategies at once", { updateStrategy: { unmanaged: {}, opportunistic: {} } }, [
    "spec.updateStrategy",
  ]],
  ["a duration that is none", { autohealing: { minFailingToStartDuration: "soon" } }, [
    "spec.autohealing.minFailingToStartDuration",
  ]],
  ["a machine that is not acceptable", {
    virtualMachineTemplate: {
      ...TEMPLATE,
      spec: {
        runStrategy: "Sometimes",
        template: {
          spec: {
            domain: {
              devices: { disks: [{ name: "no-volume", disk: {} }] },
              memory: { guest: "512Mi" },
            },
          },
        },
      },
    },
  }, [`${MACHINE}.runStrategy`, `${MACHINE}.template.spec.domain.devices.disks[0].name`]],
];

for (const [what, change, fields] of BAD) {
  Deno.test(`validatePool() refuses ${what}`, () => {
    const causes = validatePool({ pool: pool(change), old: undefined, defaults });
    assert.deepEqual(causes.map(({ field }) => field), fields);
  });
}

Deno.test("validatePool() accepts a good one, and leaves a stored one editable", () => {
  assert.deepEqual(validatePool({ pool: pool({}), old: undefined, defaults }), []);
  const bad = pool({ maxUnavailable: "half" });
  assert.deepEqual(validatePool({ pool: bad, old: bad, defaults }), []);
});

Deno.test("validatePool() keeps the selector as it was made", () => {
  const labels = { app: "db" };
  const changed = pool({
    selector: { matchLabels: labels },
    virtualMachineTemplate: { ...TEMPLATE, metadata: { labels } },
  });
  const causes = validatePool({ pool: changed, old: pool({}), defaults });
  assert.deepEqual(causes.map(({ message }) => message), ["selector is immutable after creation."]);
});
