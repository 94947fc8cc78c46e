import type { VirtualMachineInstanceSpec } from "../../src/api/virtual_machine_instance_spec.ts";
import { type Behaviour, imageOf } from "./guest_image.ts";

/** A VMI's spec: a guest of a few instructions with one disk, on its pod's network. */
export function guestSpec(
  behaviour: Behaviour,
  { graceSeconds = 0, tag }: { graceSeconds?: number; tag: string },
): VirtualMachineInstanceSpec {
  return {
    terminationGracePeriodSeconds: graceSeconds,
    domain: {
      memory: { guest: "32Mi" },
      devices: {
        disks: [{ name: "root", disk: { bus: "virtio" } }],
        interfaces: [{ name: "default", masquerade: {} }],
      },
    },
    networks: [{ name: "default", pod: {} }],
    volumes: [{ name: "root", containerDisk: { image: `${imageOf(behaviour)}:${tag}` } }],
  };
}
