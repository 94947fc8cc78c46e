/** A preference's hypervisor features. */
import type { FeatureHyperv } from "../../api/features.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { Draft } from "./size.ts";

export function preferFeatures(
  { spec: { domain } }: Draft,
  { features: preferred }: VirtualMachinePreferenceSpec,
): void {
  if (preferred === undefined) return;
  const { features = {} } = domain;
  domain.features = structuredClone({
    ...present({
      acpi: preferred.preferredAcpi,
      apic: preferred.preferredApic,
      kvm: preferred.preferredKvm,
      pvspinlock: preferred.preferredPvspinlock,
      smm: preferred.preferredSmm,
    }),
    ...features,
    ...enlightenments(preferred.preferredHyperv, features),
  });
}

/** One by one; none for a guest that takes all that its node has. */
function enlightenments(
  preferred: FeatureHyperv | undefined,
  features: {
    hyperv?: FeatureHyperv | undefined;
    hypervPassthrough?: { enabled?: boolean | undefined } | undefined;
  },
): { hyperv?: FeatureHyperv } {
  if (preferred === undefined || features.hypervPassthrough?.enabled === true) return {};
  return { hyperv: { ...preferred, ...features.hyperv } };
}

function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
