import type { DomainInput, Fragment } from "./configurator.ts";
import { element, type XmlElement } from "./xml.ts";

/** What the guest reads from its SMBIOS tables: a stable identity, by which licences and cloud-init know the machine. */
export function configureSysinfo({ vmi }: DomainInput): Fragment {
  const { firmware, chassis } = vmi.spec.domain;
  const system = entries({
    manufacturer: "KubeVirt",
    product: "None",
    uuid: firmware?.uuid ?? vmi.metadata.uid,
    serial: firmware?.serial,
    family: "KubeVirt",
  });
  const chassisEntries = entries({
    manufacturer: chassis?.manufacturer,
    version: chassis?.version,
    serial: chassis?.serial,
    asset: chassis?.asset,
    sku: chassis?.sku,
  });
  return {
    elements: [element(
      "sysinfo",
      { type: "smbios" },
      element("system", {}, ...system),
      chassisEntries.length > 0 ? element("chassis", {}, ...chassisEntries) : undefined,
    )],
  };
}

function entries(values: Record<string, string | undefined>): XmlElement[] {
  return Object.entries(values)
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "")
    .map(([name, value]) => element("entry", { name }, value));
}
