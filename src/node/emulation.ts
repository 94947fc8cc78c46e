import type { KubeVirt } from "../api/kubevirt.ts";
import type { EmulationReason } from "./virtual_machine_instance/world.ts";

/** Why guests are emulated; `undefined`: they run on KVM. */
export function emulationReason(
  { kvmUsable, installations }: { kvmUsable: boolean; installations: readonly KubeVirt[] },
): EmulationReason | undefined {
  const asked = installations.some(({ spec }) =>
    spec.configuration?.developerConfiguration?.useEmulation === true
  );
  if (asked) return "EmulationRequested";
  return kvmUsable ? undefined : "KVMNotAvailable";
}
