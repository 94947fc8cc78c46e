/** The status that the controller leaves to the node agent: what can be said of an instance before its guest runs. */
import { MEMORY_OVERHEAD_ANNOTATION } from "../../api/labels.ts";
import type { Interface } from "../../api/interface.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type {
  VirtualMachineInstanceNetworkInterface,
  VirtualMachineInstanceStatus,
} from "../../api/virtual_machine_instance_status.ts";
import type { VolumeStatus } from "../../api/volume_status.ts";
import { formatBytes } from "../../api/quantity.ts";
import type { PersistentVolumeClaim, Pod } from "../core_objects.ts";
import { claimInfo } from "./claims.ts";
import { COMPUTE_CONTAINER } from "./pod_labels.ts";
import type { VirtualMachineInstanceWorld } from "./world.ts";

/** The CNI's name for the pod's interface. */
const POD_INTERFACE = "eth0";

/** Fields of the status that are known once the pod is up on its node. */
export function handOverStatus(
  { vmi, claims }: Pick<VirtualMachineInstanceWorld, "vmi" | "claims">,
  pod: Pod,
): Partial<VirtualMachineInstanceStatus> {
  const compute = pod.spec.containers.find(({ name }) => name === COMPUTE_CONTAINER);
  const nodeName = pod.spec.nodeName ?? "";
  const overhead = Number(pod.metadata.annotations?.[MEMORY_OVERHEAD_ANNOTATION]);
  return {
    nodeName,
    activePods: { [pod.metadata.uid]: nodeName },
    interfaces: interfaces(vmi, pod),
    volumeStatus: volumeStatus(vmi, claims),
    migrationTransport: "Unix",
    ...(pod.status?.qosClass !== undefined && { qosClass: pod.status.qosClass }),
    ...(compute !== undefined && { launcherContainerImageVersion: compute.image }),
    ...(overhead > 0 && {
      memory: { ...vmi.status?.memory, memoryOverhead: formatBytes(overhead) },
    }),
  };
}

function interfaces(
  vmi: VirtualMachineInstance,
  pod: Pod,
): VirtualMachineInstanceNetworkInterface[] {
  const podNetworks = new Set(
    (vmi.spec.networks ?? []).filter(({ pod }) => pod !== undefined).map(({ name }) => name),
  );
  return (vmi.spec.domain.devices.interfaces ?? []).map((each: Interface) => ({
    name: each.name,
    ...(each.macAddress !== undefined && { mac: each.macAddress }),
    ...(podNetworks.has(each.name) && { podInterfaceName: POD_INTERFACE, ...addresses(pod) }),
  }));
}

/** A guest behind masquerade is reached at the pod's addresses, one behind a bridge takes them over. */
function addresses(pod: Pod): Partial<VirtualMachineInstanceNetworkInterface> {
  const ipAddress = pod.status?.podIP;
  if (ipAddress === undefined || ipAddress === "") return {};
  return { ipAddress, ipAddresses: pod.status?.podIPs?.map(({ ip }) => ip) ?? [ipAddress] };
}

/** Targets such as "vda" are the agent's to say. */
function volumeStatus(
  vmi: VirtualMachineInstance,
  claims: readonly PersistentVolumeClaim[],
): VolumeStatus[] {
  return (vmi.spec.volumes ?? []).map(({ name, persistentVolumeClaim: source }) => {
    const claim = claims.find(({ metadata }) => metadata.name === source?.claimName);
    const info = claim === undefined ? {} : { persistentVolumeClaimInfo: claimInfo(claim) };
    return { name, target: "", ...info };
  });
}
