import type { DomainInput, Fragment, Refusal } from "./configurator.ts";
import { userAlias, virtioModel } from "./configurator.ts";
import { element, type XmlElement } from "./xml.ts";

interface InputDevice {
  name: string;
  type: string;
  bus: string;
}

/** The input devices the guest has, with buses filled in; autoattachInputDevice means a tablet if there is none. */
export function inputsOf({ vmi }: DomainInput): InputDevice[] {
  const { autoattachInputDevice, inputs = [] } = vmi.spec.domain.devices;
  if (inputs.length === 0 && autoattachInputDevice === true) {
    return [{ name: "default-0", type: "tablet", bus: "usb" }];
  }
  return inputs.map(({ name, type, bus }) => ({ name, type, bus: bus || "usb" }));
}

/** Tablets: pointers with absolute positions, which a remote display needs. */
export function configureInputs(input: DomainInput): Fragment {
  const devices: XmlElement[] = [];
  const refusals: Refusal[] = [];
  inputsOf(input).forEach(({ name, type, bus }, index) => {
    const at = `spec.domain.devices.inputs[${index}]`;
    if (type !== "tablet") {
      refusals.push({ field: `${at}.type`, message: `type is not supported: got ${type}` });
    } else if (bus !== "usb" && bus !== "virtio") {
      refusals.push({ field: `${at}.bus`, message: `bus is not supported: got ${bus}` });
    } else {
      const model = bus === "virtio" ? virtioModel(input) : undefined;
      devices.push(element("input", { type, bus, model }, userAlias(name)));
    }
  });
  return { devices, refusals };
}
