/** Which policy holds for the migrations of a guest. */
import type { MigrationPolicy } from "../../api/migration_policy.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Of those whose selectors all hold the one with most labels; of as many, the one with more labels of the guest; of those the
 * first by name. `undefined`: the installation's own configuration holds.
 */
export function matchingPolicy(
  policies: readonly MigrationPolicy[],
  vmi: VirtualMachineInstance,
  namespaceLabels: Labels,
): MigrationPolicy | undefined {
  const matching = policies.filter(({ spec: { selectors } }) =>
    holds(selectors.virtualMachineInstanceSelector, vmi.metadata.labels ?? {}) &&
    holds(selectors.namespaceSelector, namespaceLabels)
  );
  return matching.sort((a, b) =>
    labelCount(b) - labelCount(a) || guestLabelCount(b) - guestLabelCount(a) ||
    a.metadata.name.localeCompare(b.metadata.name)
  )[0];
}

function holds(selector: Labels | undefined, labels: Labels): boolean {
  return Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);
}

function labelCount(policy: MigrationPolicy): number {
  const { namespaceSelector = {} } = policy.spec.selectors;
  return guestLabelCount(policy) + Object.keys(namespaceSelector).length;
}

function guestLabelCount({ spec: { selectors } }: MigrationPolicy): number {
  return Object.keys(selectors.virtualMachineInstanceSelector ?? {}).length;
}
