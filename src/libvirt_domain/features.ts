import type { DomainInput, Fragment } from "./configurator.ts";
import { guestMemoryBytes } from "./guest_memory.ts";
import { element, type XmlElement } from "./xml.ts";

const MIB = 1024 * 1024;

/**
 * TCG keeps translated code in a buffer of its own; QEMU's default costs more than a small guest's kernel uses. To boot
 * Debian 12 to its login took 199 s of processor time with 16 MiB, 96 s with 64 and 83 s with 128.
 */
const TB_CACHE_MIB_SMALL = 16;
const TB_CACHE_MIB = 64;
const SMALL_GUEST_MIB_MAX = 256;

/** ACPI and APIC, both on unless turned off, and the switches that hide or announce the hypervisor. */
export function configureFeatures(input: DomainInput): Fragment {
  const features = input.vmi.spec.domain.features;
  return {
    features: [
      isOn(features?.acpi) ? element("acpi") : undefined,
      isOn(features?.apic)
        ? element("apic", { eoi: features?.apic?.endOfInterrupt === true ? "on" : undefined })
        : undefined,
      features?.smm !== undefined ? element("smm", { state: onOff(features.smm) }) : undefined,
      features?.pvspinlock !== undefined
        ? element("pvspinlock", { state: onOff(features.pvspinlock) })
        : undefined,
      features?.kvm?.hidden === true
        ? element("kvm", {}, element("hidden", { state: "on" }))
        : undefined,
      ...translationCache(input),
    ].filter((feature) => feature !== undefined),
  };
}

function translationCache({ vmi, facts }: DomainInput): XmlElement[] {
  if (!facts.emulated) return [];
  const small = (guestMemoryBytes(vmi) ?? 0) <= SMALL_GUEST_MIB_MAX * MIB;
  const size = String(small ? TB_CACHE_MIB_SMALL : TB_CACHE_MIB);
  return [element("tcg", {}, element("tb-cache", { unit: "MiB" }, size))];
}

/** A feature that is present without a value is on; so is one of these that is absent. */
function isOn(feature: { enabled?: boolean | undefined } | undefined): boolean {
  return feature?.enabled !== false;
}

function onOff(feature: { enabled?: boolean | undefined }): string {
  return feature.enabled === false ? "off" : "on";
}
