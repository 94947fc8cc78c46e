import type { FirmwareImage } from "../libvirt_domain/configurator.ts";
import type { EmulationReason } from "./virtual_machine_instance/world.ts";

/** What new guests of this node are made with. Asked for each time, since the installation's settings may change. */
export interface NodeFacts {
  /** Present: guests are emulated, and why. Absent: they run on KVM. */
  emulationReason?: EmulationReason;
  efi?: FirmwareImage;
  efiSecureBoot?: FirmwareImage;
}
