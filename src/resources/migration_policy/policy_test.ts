import assert from "node:assert/strict";
import type { MigrationPolicy } from "../../api/migration_policy.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { vmi, withMetadata } from "../testing/builders.ts";
import { matchingPolicy } from "./matching_policy.ts";
import { validateMigrationPolicy } from "./validate.ts";

function policy(
  name: string,
  spec: Omit<MigrationPolicy["spec"], "selectors">,
  selectors: MigrationPolicy["spec"]["selectors"] = {},
): MigrationPolicy {
  const apiVersion = "migrations.kubevirt.io/v1alpha1";
  return {
    apiVersion,
    kind: "MigrationPolicy",
    metadata: { name, uid: name },
    spec: { ...spec, selectors },
  };
}

const GUEST = vmi(withMetadata<VirtualMachineInstance>({ labels: { os: "linux", size: "big" } }));
const NAMESPACE = { team: "a", zone: "1" };

const guest = (labels: Record<string, string>) => ({ virtualMachineInstanceSelector: labels });
const space = (labels: Record<string, string>) => ({ namespaceSelector: labels });

/** Policies by name, and the one that holds. */
const MATCHES: readonly [string, MigrationPolicy[], string | undefined][] = [
  ["none that does not match", [policy("a", {}, guest({ os: "windows" }))], undefined],
  ["one whose selectors both hold", [
    policy("a", {}, { ...guest({ os: "linux" }), ...space({ team: "b" }) }),
    policy("b", {}, { ...guest({ os: "linux" }), ...space({ team: "a" }) }),
  ], "b"],
  ["the one with most labels", [
    policy("a", {}, guest({ os: "linux" })),
    policy("b", {}, space(NAMESPACE)),
  ], "b"],
  ["of as many labels the one with the guest's", [
    policy("a", {}, space({ team: "a" })),
    policy("b", {}, guest({ os: "linux" })),
  ], "b"],
  ["of two alike the first by name", [
    policy("b", {}, guest({ os: "linux" })),
    policy("a", {}, guest({ size: "big" })),
  ], "a"],
];
for (const [what, policies, expected] of MATCHES) {
  Deno.test(`matchingPolicy() takes ${what}`, () => {
    assert.equal(matchingPolicy(policies, GUEST, NAMESPACE)?.metadata.name, expected);
  });
}

Deno.test("validateMigrationPolicy() refuses negative limits", () => {
  const bad = policy("a", { completionTimeoutPerGiB: -1, bandwidthPerMigration: "-1Mi" });
  assert.deepEqual(validateMigrationPolicy(bad).map(({ field }) => field), [
    "spec.completionTimeoutPerGiB",
    "spec.bandwidthPerMigration",
  ]);
  assert.deepEqual(validateMigrationPolicy(policy("a", { bandwidthPerMigration: "64Mi" })), []);
});
