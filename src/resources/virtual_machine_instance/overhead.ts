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

/** In MiB, as docs/operations.md publishes them with what each was measured at. */
export const OVERHEAD_MIB = {
  /** PID 1 of the pod: a static binary of under 1 MB. */
  envelope: 2,
  /** denovirt-domain with libvirt's driver inside: 26 MB resident with a domain that runs, and room for its events. */
  domainProcess: 40,
  /** QEMU without guest memory: 13 MiB private for a paused q35 on KVM; device and migration buffers grow it. */
  qemu: 40,
  /** Stack and run structures of a vCPU's thread. */
  vcpu: 3,
  /** A qcow2 overlay caches 1 MiB of tables for each 8 GiB it maps, and has requests in flight. */
  disk: 8,
  /** Video memory (16 MiB) and the picture that the VNC server compares with. */
  graphics: 32,
  /** Two 64 MiB flash images hold the UEFI of arm64. */
  arm64Firmware: 128,
  /** QEMU under TCG, beyond its buffer of translated code: 48 MiB were seen with a buffer of 16 MiB. */
  tcg: 32,
  /** That buffer, as the domain's `<tb-cache>` limits it: small guests get a small one. */
  tcgCacheSmall: 16,
  tcgCache: 64,
  /** A vCPU under TCG has a translator of its own. */
  tcgVcpu: 8,
} as const;
/** Second-level page tables: 8 bytes for each 4 KiB page of the guest. */
export const PAGE_TABLE_SHARE = 512;
const SMALL_GUEST_BYTES_MAX = 256 * MIB;

/** Rounded up to whole MiB, so that figures read well. */
export function overheadBytes(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
): number {
  const { domain, architecture } = vmi.spec;
  const terms = [
    OVERHEAD_MIB.envelope,
    OVERHEAD_MIB.domainProcess,
    OVERHEAD_MIB.qemu,
    (domain.devices.disks ?? []).length * OVERHEAD_MIB.disk,
    domain.devices.autoattachGraphicsDevice === false ? 0 : OVERHEAD_MIB.graphics,
    architecture === "arm64" ? OVERHEAD_MIB.arm64Firmware : 0,
    guestMemoryBytes(vmi) / PAGE_TABLE_SHARE / MIB,
    configuration.useEmulation ? emulationMib(vmi) : vcpuCount(vmi) * OVERHEAD_MIB.vcpu,
  ];
  const computed = terms.reduce((sum, term) => sum + term) * configuration.overheadRatio;
  const { addedOverhead } = domain.memory?.reservedOverhead ?? {};
  const added = addedOverhead === undefined ? 0 : parseBytes(addedOverhead) / MIB;
  return Math.ceil(computed + added) * MIB;
}

function emulationMib(vmi: VirtualMachineInstance): number {
  const isSmall = guestMemoryBytes(vmi) <= SMALL_GUEST_BYTES_MAX;
  return OVERHEAD_MIB.tcg + (isSmall ? OVERHEAD_MIB.tcgCacheSmall : OVERHEAD_MIB.tcgCache) +
    vcpuCount(vmi) * OVERHEAD_MIB.tcgVcpu;
}
