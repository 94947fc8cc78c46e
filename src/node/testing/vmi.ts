/** A VMI for tests of the node's half. */
import type { Interface } from "../../api/interface.ts";
import type { Network } from "../../api/network.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";

export const VMI_UID = "5a5a5a5a-0000-4000-8000-000000000001";

export interface VmiParts {
  metadata?: Partial<VirtualMachineInstance["metadata"]>;
  spec?: Partial<VirtualMachineInstanceSpec>;
  domain?: Partial<VirtualMachineInstanceSpec["domain"]>;
  interfaces?: Interface[];
  networks?: Network[];
  status?: VirtualMachineInstance["status"];
}

/** 64 MiB and no devices but what is asked for. */
export function vmi(parts: VmiParts = {}): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "small", namespace: "default", uid: VMI_UID, ...parts.metadata },
    spec: {
      ...(parts.networks === undefined ? {} : { networks: parts.networks }),
      ...parts.spec,
      domain: {
        memory: { guest: "64Mi" },
        devices: parts.interfaces === undefined ? {} : { interfaces: parts.interfaces },
        ...parts.domain,
      },
    },
    ...(parts.status === undefined ? {} : { status: parts.status }),
  };
}

/** One masqueraded interface on the pod network. */
export const MASQUERADE = {
  interfaces: [{ name: "default", masquerade: {} }],
  networks: [{ name: "default", pod: {} }],
} satisfies VmiParts;
