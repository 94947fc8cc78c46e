import type { DomainInput, Fragment, Refusal } from "./configurator.ts";
import { element, type XmlElement } from "./xml.ts";

const MODELS: readonly string[] = ["isa", "hyperv"];

/** Devices by which a guest tells that its kernel has panicked. */
export function configurePanic({ vmi }: DomainInput): Fragment {
  const devices: XmlElement[] = [];
  const refusals: Refusal[] = [];
  (vmi.spec.domain.devices.panicDevices ?? []).forEach(({ model }, index) => {
    if (model !== undefined && MODELS.includes(model)) {
      devices.push(element("panic", { model }));
      return;
    }
    refusals.push({
      field: `spec.domain.devices.panicDevices[${index}].model`,
      message: `model is not supported: got ${model ?? "none"}`,
    });
  });
  return { devices, refusals };
}
