/** Whether a VMI spec can be run: an ordered list of rules, each of which says everything it finds. */
import type { Disk } from "../../api/disk.ts";
import type { Interface } from "../../api/interface.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { Volume } from "../../api/volume.ts";
import type { Cause } from "../cause.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";
import { ACCESS_CREDENTIAL_RULES } from "./validate/access_credentials.ts";
import { ARCHITECTURE_RULES } from "./validate/architecture.ts";
import { CPU_RULES } from "./validate/cpu.ts";
import { DEVICE_RULES } from "./validate/devices.ts";
import { DISK_RULES } from "./validate/disks.ts";
import { FIRMWARE_RULES } from "./validate/firmware.ts";
import { GRAPHICS_RULES } from "./validate/graphics.ts";
import { HYPERV_RULES } from "./validate/hyperv.ts";
import { INTERFACE_RULES } from "./validate/interfaces.ts";
import { LAUNCH_SECURITY_RULES } from "./validate/launch_security.ts";
import { MEMORY_RULES } from "./validate/memory.ts";
import { NETWORK_RULES } from "./validate/networks.ts";
import { type Placed, placed } from "./validate/placed.ts";
import { POD_RULES } from "./validate/pod.ts";
import { PROBE_RULES } from "./validate/probes.ts";
import { RESOURCE_RULES } from "./validate/resources.ts";
import { SCHEDULING_RULES } from "./validate/scheduling.ts";
import { VOLUME_RULES } from "./validate/volumes.ts";

/** A spec and where it stands in its object. */
export interface SpecSubject {
  spec: VirtualMachineInstanceSpec;
  /** "spec" of a VMI, "spec.template.spec" of a VM. */
  field: string;
  cluster: ClusterDefaults;
  /** An instancetype gives CPU and memory, so the spec need not. @default false */
  sizedByInstancetype?: boolean;
}

/** With what many rules look at. */
export interface JudgedSpec extends SpecSubject {
  disks: readonly Placed<Disk>[];
  interfaces: readonly Placed<Interface>[];
  volumes: readonly Placed<Volume>[];
  volumesByName: ReadonlyMap<string, Volume>;
}

export type SpecRule = (subject: JudgedSpec) => Cause[];

const RULES: readonly SpecRule[] = [
  ...VOLUME_RULES,
  ...DISK_RULES,
  ...NETWORK_RULES,
  ...INTERFACE_RULES,
  ...CPU_RULES,
  ...MEMORY_RULES,
  ...RESOURCE_RULES,
  ...FIRMWARE_RULES,
  ...DEVICE_RULES,
  ...GRAPHICS_RULES,
  ...HYPERV_RULES,
  ...LAUNCH_SECURITY_RULES,
  ...ARCHITECTURE_RULES,
  ...PROBE_RULES,
  ...POD_RULES,
  ...SCHEDULING_RULES,
  ...ACCESS_CREDENTIAL_RULES,
];

/** All causes. The spec has its defaults already. */
export function validateSpec(subject: SpecSubject): Cause[] {
  const judged = judgedSpec(subject);
  return RULES.flatMap((rule) => rule(judged));
}

function judgedSpec(subject: SpecSubject): JudgedSpec {
  const { spec: { domain: { devices }, volumes = [] }, field } = subject;
  return {
    ...subject,
    disks: placed(`${field}.domain.devices.disks`, devices.disks ?? []),
    interfaces: placed(`${field}.domain.devices.interfaces`, devices.interfaces ?? []),
    volumes: placed(`${field}.volumes`, volumes),
    volumesByName: new Map(volumes.map((volume) => [volume.name, volume])),
  };
}
