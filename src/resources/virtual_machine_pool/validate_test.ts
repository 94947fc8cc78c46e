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

/** What is wrong, and what is said of which fields. */
const BAD: readonly (readonly [string, Partial<Spec>, string[]])[] = [
  ["a template without a machine", {
    virtualMachineTemplate: { metadata: { labels: { app: "web" } } },
  }, ["spec.virtualMachineTemplate.spec: missing virtual machine template."]],
  ["a selector that misses the template", { selector: { matchLabels: { app: "db" } } }, [
    "spec.selector: selector does not match labels.",
  ]],
  ["a selector that means nothing", {
    selector: { matchExpressions: [{ key: "app", operator: "Like" }] },
  }, ['spec.selector: "Like" is not a valid label selector operator']],
  ["a share that is none", { maxUnavailable: "half" }, [
    "spec.maxUnavailable: maxUnavailable percentage must end with %",
  ]],
  ["a negative limit", { maxUnavailable: -1 }, [
    "spec.maxUnavailable: maxUnavailable must be greater than 0",
  ]],
  ["a limit of none", { maxUnavailable: 0 }, [
    "spec.maxUnavailable: maxUnavailable must be greater than 0",
  ]],
  ["a share in words", { maxUnavailable: "half%" }, [
    'spec.maxUnavailable: maxUnavailable percentage value "half" is invalid: it is no whole number',
  ]],
  ["a share of none", { maxUnavailable: "0%" }, [
    "spec.maxUnavailable: maxUnavailable percentage value 0 must be between 1 and 100",
  ]],
  ["more than all", { maxUnavailable: "101%" }, [
    "spec.maxUnavailable: maxUnavailable percentage value 101 must be between 1 and 100",
  ]],
  ["two strategies at once", { updateStrategy: { unmanaged: {}, opportunistic: {} } }, [
    "spec.updateStrategy: spec.updateStrategy must name one strategy: got unmanaged, opportunistic",
  ]],
  ["a duration that is none", { autohealing: { minFailingToStartDuration: "soon" } }, [
    "spec.autohealing.minFailingToStartDuration: spec.autohealing.minFailingToStartDuration must be a duration such as 5m0s: got soon",
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
  }, [
    "spec.virtualMachineTemplate.spec.runStrategy: Invalid RunStrategy (Sometimes)",
    "spec.virtualMachineTemplate.spec.template.spec.domain.devices.disks[0].name: spec.virtualMachineTemplate.spec.template.spec.domain.devices.disks[0].name 'no-volume' not found.",
  ]],
];

for (const [what, change, said] of BAD) {
  Deno.test(`validatePool() refuses ${what}`, () => {
    const causes = validatePool({ pool: pool(change), old: undefined, defaults });
    assert.deepEqual(causes.map(({ field, message }) => `${field}: ${message}`), said);
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
