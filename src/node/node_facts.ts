import type { FirmwareImage } from "../libvirt_domain/configurator.ts";
import { KVM_DEVICE_RESOURCE } from "../api/labels.ts";
import type { Pod } from "../resources/core_objects.ts";
import type { EmulationReason } from "./virtual_machine_instance/world.ts";

/** What new guests of this node are made with. Asked for each time, since the installation's settings may change. */
export interface NodeFacts {
  /** Present: guests are emulated, and why. Absent: they run on KVM. */
  emulationReason?: EmulationReason;
  efi?: FirmwareImage;
  efiSecureBoot?: FirmwareImage;
}

/** The facts for one guest: only a pod that was given KVM may use it. */
export function factsForPod(facts: NodeFacts, pod: Pod | undefined): NodeFacts {
  if (facts.emulationReason !== undefined || pod === undefined || holdsKvm(pod)) return facts;
  return { ...facts, emulationReason: "KVMNotRequested" };
}

function holdsKvm({ spec }: Pod): boolean {
  return spec.containers.some(({ resources }) => KVM_DEVICE_RESOURCE in (resources?.limits ?? {}));
}
