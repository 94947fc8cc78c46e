/** The files of cloud-init's two data sources: pure. They hold passwords and keys, so nothing here logs or throws them. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { hostname } from "../hostname.ts";

/** What the user gave, already decoded and read. */
export interface CloudInitData {
  userData: Uint8Array | undefined;
  networkData: Uint8Array | undefined;
}

export type CloudInitKind = "NoCloud" | "ConfigDrive";

/** An image to be made: label, and contents by path. */
export interface SeedFiles {
  label: string;
  files: ReadonlyMap<string, Uint8Array>;
}

/** Label by which cloud-init finds the data source. */
const LABELS = { NoCloud: "cidata", ConfigDrive: "config-2" } as const;

export function cloudInitFiles(
  vmi: VirtualMachineInstance,
  { kind, data }: { kind: CloudInitKind; data: CloudInitData },
): SeedFiles {
  const files = kind === "NoCloud" ? noCloud(vmi, data) : configDrive(vmi, data);
  return { label: LABELS[kind], files };
}

function noCloud(vmi: VirtualMachineInstance, data: CloudInitData): Map<string, Uint8Array> {
  const files = new Map([
    ["meta-data", json({ "instance-id": instanceId(vmi), "local-hostname": hostname(vmi) })],
    // cloud-init takes the drive for its own only when user-data is there, be it empty.
    ["user-data", data.userData ?? new Uint8Array()],
  ]);
  if (data.networkData !== undefined) files.set("network-config", data.networkData);
  return files;
}

function configDrive(vmi: VirtualMachineInstance, data: CloudInitData): Map<string, Uint8Array> {
  const metadata = {
    instance_id: `${vmi.metadata.name}.${vmi.metadata.namespace ?? "default"}`,
    local_hostname: hostname(vmi),
    hostname: hostname(vmi),
    uuid: instanceId(vmi),
  };
  const files = new Map([
    ["openstack/latest/meta_data.json", json(metadata)],
    ["openstack/latest/user_data", data.userData ?? new Uint8Array()],
  ]);
  if (data.networkData !== undefined) {
    files.set("openstack/latest/network_data.json", data.networkData);
  }
  return files;
}

/** The same for every run of a VM: cloud-init's once-per-instance steps run once. */
function instanceId(vmi: VirtualMachineInstance): string {
  return vmi.spec.domain.firmware?.uuid ?? vmi.metadata.uid;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
