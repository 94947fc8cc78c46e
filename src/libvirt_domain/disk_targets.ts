import type { Disk } from "../api/disk.ts";

/** Bus of a disk that does not ask for one: what every guest has a driver for. */
export const DISK_BUS_DEFAULT = "sata";

/** The bus a disk is attached to. */
export function diskBus(disk: Disk): string {
  return disk.disk?.bus || disk.cdrom?.bus || disk.lun?.bus || DISK_BUS_DEFAULT;
}

/** Device names by disk name: vda, vdb… for virtio, sda, sdb… counted over all other buses. */
export function diskTargets(disks: readonly Disk[]): Map<string, string> {
  const used: Record<string, number> = {};
  const targets = new Map<string, string>();
  for (const disk of disks) {
    const prefix = diskBus(disk) === "virtio" ? "vd" : "sd";
    const index = used[prefix] ?? 0;
    used[prefix] = index + 1;
    targets.set(disk.name, prefix + letters(index));
  }
  return targets;
}

/** 0 → a, 25 → z, 26 → aa, as the kernel counts. */
function letters(index: number): string {
  const rest = Math.floor(index / 26);
  const last = String.fromCharCode(97 + index % 26);
  return rest === 0 ? last : letters(rest - 1) + last;
}
