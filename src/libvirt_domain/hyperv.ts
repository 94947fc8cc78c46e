import type { DomainInput, Fragment } from "./configurator.ts";
import { element, type XmlElement } from "./xml.ts";

/** Retries before a waiting vCPU yields, when spinlocks are on without a number. */
const SPINLOCK_RETRIES_DEFAULT = 4096;

type Switch = { enabled?: boolean | undefined } | undefined;

/** The interfaces of Hyper-V that Windows guests use; KVM implements them, TCG does not. */
export function configureHyperv({ vmi, facts }: DomainInput): Fragment {
  const hyperv = vmi.spec.domain.features?.hyperv;
  const passthrough = vmi.spec.domain.features?.hypervPassthrough?.enabled === true;
  if (hyperv === undefined && !passthrough) return {};
  if (facts.emulated) {
    const field = `spec.domain.features.${passthrough ? "hypervPassthrough" : "hyperv"}`;
    return {
      refusals: [{ field, message: "Hyper-V enlightenments need hardware virtualisation" }],
    };
  }
  if (passthrough) return { features: [element("hyperv", { mode: "passthrough" })] };
  const { spinlocks, vendorid, synictimer, tlbflush } = hyperv ?? {};
  return {
    features: [element(
      "hyperv",
      {},
      state("relaxed", hyperv?.relaxed),
      state("vapic", hyperv?.vapic),
      state("spinlocks", spinlocks, {
        retries: spinlocks?.spinlocks ?? SPINLOCK_RETRIES_DEFAULT,
      }),
      state("vpindex", hyperv?.vpindex),
      state("runtime", hyperv?.runtime),
      state("synic", hyperv?.synic),
      state("stimer", synictimer, {}, state("direct", synictimer?.direct)),
      state("reset", hyperv?.reset),
      state("vendor_id", vendorid, { value: vendorid?.vendorid }),
      state("frequencies", hyperv?.frequencies),
      state("reenlightenment", hyperv?.reenlightenment),
      state("tlbflush", tlbflush, {}),
      state("ipi", hyperv?.ipi),
      state("evmcs", hyperv?.evmcs),
    )],
  };
}

function state(
  name: string,
  feature: Switch,
  extra: Record<string, string | number | undefined> = {},
  ...children: (XmlElement | undefined)[]
): XmlElement | undefined {
  if (feature === undefined) return undefined;
  if (feature.enabled === false) return element(name, { state: "off" });
  return element(name, { state: "on", ...extra }, ...children);
}
