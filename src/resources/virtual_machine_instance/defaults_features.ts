/** Features: present means enabled, and an enlightenment brings those it needs. */
import type { FeatureHyperv } from "../../api/features.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { SpecDefault } from "./defaults.ts";

export const FEATURE_DEFAULTS: readonly SpecDefault[] = [
  enabledFeatures,
  hypervDependencies,
  presentTimers,
  armFirmware,
];

const SPINLOCK_RETRIES = 4096;

/** What an enlightenment cannot be had without. */
export const HYPERV_NEEDS: Readonly<Partial<Record<keyof FeatureHyperv, (keyof FeatureHyperv)[]>>> =
  {
    synictimer: ["synic", "vpindex"],
    synic: ["vpindex"],
    tlbflush: ["vpindex"],
    ipi: ["vpindex"],
    evmcs: ["vapic"],
  };

function enabledFeatures(draft: VirtualMachineInstanceSpec): void {
  const features = (draft.domain.features ??= {});
  const { acpi, apic, hypervPassthrough, pvspinlock, smm, hyperv } = features;
  if (acpi === undefined) features.acpi = { enabled: true };
  const states = [acpi, apic, hypervPassthrough, pvspinlock, smm, ...Object.values(hyperv ?? {})];
  for (const state of states) if (isState(state)) state.enabled ??= true;
  if (hyperv?.spinlocks?.enabled) hyperv.spinlocks.spinlocks ??= SPINLOCK_RETRIES;
}

function hypervDependencies(draft: VirtualMachineInstanceSpec): void {
  const hyperv = draft.domain.features?.hyperv;
  if (hyperv === undefined) return;
  for (const [name, needs] of Object.entries(HYPERV_NEEDS)) {
    if (hyperv[name as keyof FeatureHyperv]?.enabled !== true) continue;
    for (const need of needs) hyperv[need] ??= { enabled: true };
  }
  if (hyperv.evmcs?.enabled === true) requireVmx(draft);
}

/** Enlightened VMCS is a feature of nested virtualisation. */
function requireVmx(draft: VirtualMachineInstanceSpec): void {
  const cpu = (draft.domain.cpu ??= {});
  if (cpu.features?.some((feature) => feature.name === "vmx")) return;
  cpu.features = [...(cpu.features ?? []), { name: "vmx", policy: "require" }];
}

function presentTimers(draft: VirtualMachineInstanceSpec): void {
  const timers = draft.domain.clock?.timer;
  for (const timer of Object.values(timers ?? {})) if (isState(timer)) timer.present ??= true;
}

/** A field that we do not know may be anything. */
function isState<T>(value: T): value is T & object {
  return typeof value === "object" && value !== null;
}

/** There is no BIOS on arm64. */
function armFirmware(draft: VirtualMachineInstanceSpec): void {
  if (draft.architecture !== "arm64") return;
  const firmware = (draft.domain.firmware ??= {});
  if (firmware.bootloader?.efi?.secureBoot !== undefined || firmware.bootloader?.bios) return;
  const efi = { ...firmware.bootloader?.efi, secureBoot: false };
  firmware.bootloader = { ...firmware.bootloader, efi };
}
