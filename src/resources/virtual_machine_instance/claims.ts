/** The claims that a VMI's volumes name, and what has to be true of them before a pod is made. */
import { SynchronizedReason } from "../../api/conditions.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { PersistentVolumeClaimInfo } from "../../api/volume_status.ts";
import type { PersistentVolumeClaim } from "../core_objects.ts";
import type { Problem } from "./conditions.ts";

export function claimNames(vmi: VirtualMachineInstance): string[] {
  const names = (vmi.spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [claim.claimName]
  );
  return [...new Set(names)];
}

/** The first claim that does not exist, or cannot be served. */
export function claimProblem(
  vmi: VirtualMachineInstance,
  claims: readonly PersistentVolumeClaim[],
): Problem | undefined {
  const volumes = vmi.spec.volumes ?? [];
  for (const [index, { persistentVolumeClaim: source }] of volumes.entries()) {
    if (source === undefined) continue;
    const field = `spec.volumes[${index}].persistentVolumeClaim`;
    const claim = claims.find(({ metadata }) => metadata.name === source.claimName);
    if (claim === undefined) {
      const message = `${field}: PersistentVolumeClaim ${source.claimName} does not exist`;
      return { reason: SynchronizedReason.FailedPvcNotFound, message };
    }
    if (claim.spec?.volumeMode === "Block") {
      const message = `Not served yet: ${field}: claim ${source.claimName} has volumeMode Block`;
      return { reason: SynchronizedReason.FailedCreate, message };
    }
  }
  return undefined;
}

/** For `status.volumeStatus`. */
export function claimInfo(claim: PersistentVolumeClaim): PersistentVolumeClaimInfo {
  const { accessModes, volumeMode = "Filesystem", resources } = claim.spec ?? {};
  const capacity = claim.status?.capacity;
  return {
    claimName: claim.metadata.name,
    volumeMode,
    ...(accessModes !== undefined && { accessModes }),
    ...(resources?.requests !== undefined && { requests: resources.requests }),
    ...(capacity !== undefined && { capacity }),
  };
}
