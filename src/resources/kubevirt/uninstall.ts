/** Whether an installation may be taken away from under its guests. */
import type { KubeVirt } from "../../api/kubevirt.ts";
import { type Cause, forbidden } from "../cause.ts";

const BLOCK_UNINSTALL = "BlockUninstallIfWorkloadsExist";

/** `workloads`: VMs, VMIs, replica sets and pools that exist. */
export function blocksUninstall({ spec }: KubeVirt, workloads: number): boolean {
  return spec.uninstallStrategy === BLOCK_UNINSTALL && workloads > 0;
}

/** Why the object may not be deleted now. One that is already on its way is let go. */
export function validateDeletion(kubevirt: KubeVirt, workloads: number): Cause[] {
  if (!blocksUninstall(kubevirt, workloads)) return [];
  const message = `Rejecting the uninstall request, since there are still ${workloads} workloads ` +
    "(virtual machines, instances, replica sets, pools) present. Either delete all KubeVirt " +
    "related workloads or change the uninstall strategy before uninstalling KubeVirt.";
  return [forbidden("spec.uninstallStrategy", message)];
}
