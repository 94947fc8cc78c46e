/** Labels and annotations of the launcher pod: Services, network policies and tools select on them. */
import {
  APP_LABEL,
  Component,
  CREATED_BY_LABEL,
  DEFAULT_CONTAINER_ANNOTATION,
  DOMAIN_ANNOTATION,
  LATEST_OBSERVED_API_VERSION_ANNOTATION,
  MEMORY_OVERHEAD_ANNOTATION,
  MIGRATION_TRANSPORT_UNIX_ANNOTATION,
  STORAGE_OBSERVED_API_VERSION_ANNOTATION,
  VIRTUAL_MACHINE_INSTANCE_ID_LABEL,
  VIRTUAL_MACHINE_NAME_LABEL,
} from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { hostName, instanceId } from "./pod_name.ts";

/** The container that holds the pod for the guest. */
export const COMPUTE_CONTAINER = "compute";

/** kubectl's own, such as the last applied configuration, and the bookkeeping of API versions. */
const ANNOTATIONS_NOT_COPIED = [
  /^kubectl\.kubernetes\.io\//,
  new RegExp(`^${LATEST_OBSERVED_API_VERSION_ANNOTATION}$`),
  new RegExp(`^${STORAGE_OBSERVED_API_VERSION_ANNOTATION}$`),
];

export function podLabels(vmi: VirtualMachineInstance): Record<string, string> {
  return {
    ...vmi.metadata.labels,
    [APP_LABEL]: Component.Launcher,
    [CREATED_BY_LABEL]: vmi.metadata.uid,
    [VIRTUAL_MACHINE_NAME_LABEL]: hostName(vmi),
    [VIRTUAL_MACHINE_INSTANCE_ID_LABEL]: instanceId(vmi),
  };
}

export function podAnnotations(
  vmi: VirtualMachineInstance,
  overheadBytes: number,
): Record<string, string> {
  const copied = Object.entries(vmi.metadata.annotations ?? {})
    .filter(([key]) => !ANNOTATIONS_NOT_COPIED.some((pattern) => pattern.test(key)));
  return {
    ...Object.fromEntries(copied),
    [DOMAIN_ANNOTATION]: vmi.metadata.name,
    [DEFAULT_CONTAINER_ANNOTATION]: COMPUTE_CONTAINER,
    [MIGRATION_TRANSPORT_UNIX_ANNOTATION]: "true",
    [MEMORY_OVERHEAD_ANNOTATION]: String(overheadBytes),
  };
}
