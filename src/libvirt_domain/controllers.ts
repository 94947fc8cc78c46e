import { type DomainInput, type Fragment, virtioModel } from "./configurator.ts";
import { diskBus } from "./disk_targets.ts";
import { inputsOf } from "./inputs.ts";
import { element } from "./xml.ts";

/** Controllers that devices hang on; libvirt adds the PCI ports by itself. A guest without USB devices has no USB. */
export function configureControllers(input: DomainInput): Fragment {
  const { devices } = input.vmi.spec.domain;
  const disks = devices.disks ?? [];
  const usb = inputsOf(input).some((device) => device.bus === "usb") ||
    disks.some((disk) => diskBus(disk) === "usb");
  const scsi = disks.some((disk) => diskBus(disk) === "scsi");
  const model = virtioModel(input);
  return {
    devices: [
      element("controller", { type: "usb", index: 0, model: usb ? "qemu-xhci" : "none" }),
      scsi ? element("controller", { type: "scsi", index: 0, model }) : undefined,
      element("controller", { type: "virtio-serial", index: 0, model }),
    ].filter((controller) => controller !== undefined),
  };
}
