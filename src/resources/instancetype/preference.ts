/** A preference applied to a VM's template: an ordered list of rules, each of which fills what nobody has set. */
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import {
  preferDevices,
  preferDisks,
  preferGpus,
  preferInputs,
  preferInterfaces,
  preferPanicDevices,
} from "./preference_devices.ts";
import { preferFeatures } from "./preference_features.ts";
import {
  preferClock,
  preferFirmware,
  preferLaunchSecurity,
  preferMachine,
} from "./preference_machine.ts";
import type { Draft } from "./size.ts";

type Rule = (draft: Draft, preference: VirtualMachinePreferenceSpec) => void;

const RULES: readonly Rule[] = [
  preferCpuFeatures,
  preferDevices,
  preferDisks,
  preferInterfaces,
  preferInputs,
  preferGpus,
  preferPanicDevices,
  preferFeatures,
  preferFirmware,
  preferMachine,
  preferLaunchSecurity,
  preferClock,
  preferSubdomain,
  preferGracePeriod,
  preferAnnotations,
];

/** Changes the draft in place. */
export function applyPreference(
  draft: Draft,
  preference: VirtualMachinePreferenceSpec | undefined,
): void {
  if (preference === undefined) return;
  for (const rule of RULES) rule(draft, preference);
}

function preferCpuFeatures(
  { spec: { domain } }: Draft,
  { cpu }: VirtualMachinePreferenceSpec,
): void {
  const wanted = cpu?.preferredCPUFeatures ?? [];
  if (wanted.length === 0) return;
  const present = domain.cpu?.features ?? [];
  const names = new Set(present.map(({ name }) => name));
  const features = [...present, ...wanted.filter(({ name }) => !names.has(name))];
  domain.cpu = { ...domain.cpu, features };
}

function preferSubdomain({ spec }: Draft, preference: VirtualMachinePreferenceSpec): void {
  if (preference.preferredSubdomain) spec.subdomain ||= preference.preferredSubdomain;
}

function preferGracePeriod({ spec }: Draft, preference: VirtualMachinePreferenceSpec): void {
  const seconds = preference.preferredTerminationGracePeriodSeconds;
  if (seconds !== undefined) spec.terminationGracePeriodSeconds ??= seconds;
}

function preferAnnotations(draft: Draft, preference: VirtualMachinePreferenceSpec): void {
  draft.annotations = { ...preference.annotations, ...draft.annotations };
}
