import { NODE_NAME_LABEL } from "../../api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { KubeClient } from "../../kube/client.ts";
import { keyOf } from "../../kube/object.ts";
import { leaseOf } from "../../resources/virtual_machine_instance/lease.ts";

/**
 * Asks the API server, not the cache, right before a guest is started: whether this very instance is still handed over to
 * this node and pod by the same hand-over, and wanted. Throws when nobody answers; then it is not known, and not started.
 */
export async function isStillHandedOver(
  vmi: VirtualMachineInstance,
  client: KubeClient,
  signal: AbortSignal,
): Promise<boolean> {
  const live = await client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), {
    signal,
  });
  if (live === undefined || live.metadata.uid !== vmi.metadata.uid) return false;
  if (live.metadata.deletionTimestamp || live.status?.phase !== vmi.status?.phase) return false;
  const nodeOf = ({ metadata }: VirtualMachineInstance) => metadata.labels?.[NODE_NAME_LABEL];
  return nodeOf(live) === nodeOf(vmi) && leaseOf(live)?.epoch === leaseOf(vmi)?.epoch;
}
