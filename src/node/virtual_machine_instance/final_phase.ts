import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { DomainObservation } from "../../hypervisor/hypervisor.ts";
import { isGraceful } from "./termination.ts";

type PresentDomain = Extract<DomainObservation, { kind: "present" }>;

/**
 * What a domain's end means for its VMI. `undefined`: it has not ended; "unchanged": it went on elsewhere, and the
 * migration decides.
 */
export function finalPhase(
  { state, reason }: PresentDomain,
  spec: VirtualMachineInstanceSpec,
): "Succeeded" | "Failed" | "unchanged" | undefined {
  if (state === "crashed") return "Failed";
  if (state !== "shutoff") return undefined;
  switch (reason) {
    case "shutdown":
    case "saved":
    case "from_snapshot":
      return "Succeeded";
    case "destroyed":
      // A guest that could have shut down and had to be killed has lost what it had not written.
      return isGraceful(spec) ? "Failed" : "Succeeded";
    case "migrated":
      return "unchanged";
    default:
      return "Failed";
  }
}
