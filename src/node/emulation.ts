import type { ClusterConfiguration } from "../resources/kubevirt/configuration.ts";
import type { EmulationReason } from "./virtual_machine_instance/world.ts";

/** Why guests are emulated; `undefined`: they run on KVM. */
export function emulationReason(
  { kvmUsable, configuration }: {
    kvmUsable: boolean;
    configuration: Pick<ClusterConfiguration, "useEmulation">;
  },
): EmulationReason | undefined {
  if (configuration.useEmulation) return "EmulationRequested";
  return kvmUsable ? undefined : "KVMNotAvailable";
}
