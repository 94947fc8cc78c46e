import {
  KVM_DEVICE_RESOURCE,
  TUN_DEVICE_RESOURCE,
  VHOST_NET_DEVICE_RESOURCE,
} from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";

const VIRTIO = "virtio";

/**
 * The devices of the node that a guest is run with, one slot of each: request and limit at once. A cluster that emulates
 * asks for neither KVM nor vhost-net, since its nodes need not have them.
 */
export function deviceRequests(
  vmi: VirtualMachineInstance,
  { useEmulation }: ClusterConfiguration,
): Record<string, string> {
  const interfaces = vmi.spec.domain.devices.interfaces ?? [];
  const isVirtio = interfaces.some(({ model }) => !model || model === VIRTIO);
  return {
    ...(!useEmulation && { [KVM_DEVICE_RESOURCE]: "1" }),
    ...(interfaces.length > 0 && { [TUN_DEVICE_RESOURCE]: "1" }),
    ...(isVirtio && !useEmulation && { [VHOST_NET_DEVICE_RESOURCE]: "1" }),
  };
}
