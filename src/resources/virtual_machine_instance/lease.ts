/**
 * Who may run the guest of an instance: written with the hand-over, read by agents before they start a guest or let one go on.
 *
 * The epoch is the resourceVersion that the hand-over was made on, which is the store's revision: the hand-over has it as its
 * precondition, and what is written later, also to an instance that is made anew under the same name, has a larger one.
 */
import { EPOCH_ANNOTATION, OWNER_ANNOTATION } from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Pod } from "../core_objects.ts";

export interface Lease {
  nodeName: string;
  podUid: string;
  epoch: number;
}

/** What the hand-over writes beside the status. */
export function leaseAnnotations(vmi: VirtualMachineInstance, pod: Pod): Record<string, string> {
  return {
    [OWNER_ANNOTATION]: `${pod.spec.nodeName ?? ""}/${pod.metadata.uid}`,
    [EPOCH_ANNOTATION]: vmi.metadata.resourceVersion ?? "0",
  };
}

/** `undefined`: not handed over, or by a release that wrote none. */
export function leaseOf({ metadata }: VirtualMachineInstance): Lease | undefined {
  const { [OWNER_ANNOTATION]: owner, [EPOCH_ANNOTATION]: number } = metadata.annotations ?? {};
  const [nodeName, podUid, ...rest] = owner?.split("/") ?? [];
  const epoch = /^\d+$/.test(number ?? "") ? Number(number) : NaN;
  if (!nodeName || !podUid || rest.length > 0 || !Number.isSafeInteger(epoch)) return undefined;
  return { nodeName, podUid, epoch };
}

/** Whether this is the pod that the guest may run in. A hand-over without a lease is to any pod of the instance. */
export function isHandedOverTo(vmi: VirtualMachineInstance, { metadata }: Pod): boolean {
  return (leaseOf(vmi)?.podUid ?? metadata.uid) === metadata.uid;
}
