/**
 * The memory that a guest costs beyond its own: what QEMU, the process that drives it and the kernel need in the pod's
 * cgroup. There is no launcher and no libvirt daemon in the pod, so the figures are ours, not KubeVirt's.
 *
 * The page cache of disk images is charged to the pod as well, but can be reclaimed, so it is not counted.
 */
import { parseBytes } from "../../api/quantity.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";
import { guestMemoryBytes, vcpuCount } from "./guest_size.ts";

const MIB = 1024 * 1024;

/** PID 1 of the pod: a static binary of under 1 MB. */
const ENVELOPE_BYTES = 2 * MIB;
/** denovirt-domain with libvirt's driver inside: 26 MB resident with a domain that runs, and room for its events. */
const DOMAIN_PROCESS_BYTES = 40 * MIB;
/** QEMU without guest memory: 13 MiB private for a paused q35 on KVM; device and migration buffers grow it. */
const QEMU_BYTES = 40 * MIB;
/** Stack and run structures of a vCPU's thread. */
const VCPU_BYTES = 3 * MIB;
/** Second-level page tables: 8 bytes for each 4 KiB page of the guest. */
const PAGE_TABLE_SHARE = 512;
/** A qcow2 overlay caches 1 MiB of tables for each 8 GiB it maps, and has requests in flight. */
const DISK_BYTES = 8 * MIB;
/** Video memory (16 MiB) and the picture that the VNC server compares with. */
const GRAPHICS_BYTES = 32 * MIB;
/** Two 64 MiB flash images hold the UEFI of arm64. */
const ARM64_FIRMWARE_BYTES = 128 * MIB;

/** QEMU under TCG, beyond its buffer of translated code: 48 MiB were seen with a buffer of 16 MiB. */
const TCG_BYTES = 32 * MIB;
/** That buffer, as the domain's `<tb-cache>` limits it: small guests get a small one. */
const TCG_CACHE_BYTES_SMALL = 16 * MIB;
const TCG_CACHE_BYTES = 64 * MIB;
const SMALL_GUEST_BYTES_MAX = 256 * MIB;
/** A vCPU under TCG has a translator of its own. */
const TCG_VCPU_BYTES = 8 * MIB;

/** Rounded up to whole MiB, so that figures read well. */
export function overheadBytes(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
): number {
  const { domain, architecture } = vmi.spec;
  const terms = [
    ENVELOPE_BYTES,
    DOMAIN_PROCESS_BYTES,
    QEMU_BYTES,
    (domain.devices.disks ?? []).length * DISK_BYTES,
    domain.devices.autoattachGraphicsDevice === false ? 0 : GRAPHICS_BYTES,
    architecture === "arm64" ? ARM64_FIRMWARE_BYTES : 0,
    guestMemoryBytes(vmi) / PAGE_TABLE_SHARE,
    configuration.useEmulation ? emulationBytes(vmi) : vcpuCount(vmi) * VCPU_BYTES,
  ];
  const computed = terms.reduce((sum, term) => sum + term) * configuration.overheadRatio;
  const { addedOverhead } = domain.memory?.reservedOverhead ?? {};
  const added = addedOverhead === undefined ? 0 : parseBytes(addedOverhead);
  return Math.ceil((computed + added) / MIB) * MIB;
}

function emulationBytes(vmi: VirtualMachineInstance): number {
  const isSmall = guestMemoryBytes(vmi) <= SMALL_GUEST_BYTES_MAX;
  return TCG_BYTES + (isSmall ? TCG_CACHE_BYTES_SMALL : TCG_CACHE_BYTES) +
    vcpuCount(vmi) * TCG_VCPU_BYTES;
}
