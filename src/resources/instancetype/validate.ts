/** Whether an instancetype or a preference is acceptable. */
import type { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import { type Cause, invalid } from "../cause.ts";
import {
  DEPRECATED_TOPOLOGIES,
  preferredTopology,
  spreadOf,
  SPREADS,
  THREADS_PER_CORE,
  TOPOLOGIES,
} from "./topology.ts";

const PERCENT_MAX = 100;

type InstancetypeRule = (spec: VirtualMachineInstancetypeSpec) => Cause[];
type PreferenceRule = (spec: VirtualMachinePreferenceSpec) => Cause[];

const INSTANCETYPE_RULES: readonly InstancetypeRule[] = [overcommitRange, overcommitOrHugepages];
const PREFERENCE_RULES: readonly PreferenceRule[] = [knownTopology, knownSpread, threadRatio];

export function validateInstancetype(spec: VirtualMachineInstancetypeSpec): Cause[] {
  return INSTANCETYPE_RULES.flatMap((rule) => rule(spec));
}

export function validatePreference(spec: VirtualMachinePreferenceSpec): Cause[] {
  return PREFERENCE_RULES.flatMap((rule) => rule(spec));
}

/** What works and should not be used any more. */
export function instancetypeWarnings(spec: VirtualMachineInstancetypeSpec): string[] {
  return spec.launchSecurity === undefined
    ? []
    : ["launchSecurity is deprecated, please use preferredLaunchSecurity of a preference instead"];
}

export function preferenceWarnings(spec: VirtualMachinePreferenceSpec): string[] {
  const topology = spec.cpu?.preferredCPUTopology ?? "";
  const successor = DEPRECATED_TOPOLOGIES[topology];
  if (successor === undefined) return [];
  return [`PreferredCPUTopology ${topology} is deprecated, please use ${successor} instead`];
}

function overcommitRange(
  { memory: { overcommitPercent = 0 } }: VirtualMachineInstancetypeSpec,
): Cause[] {
  if (overcommitPercent >= 0 && overcommitPercent <= PERCENT_MAX) return [];
  const where = "spec.memory.overcommitPercent";
  const message = `${where} '${overcommitPercent}': must be in range between 0 and ${PERCENT_MAX}.`;
  return [invalid(where, message)];
}

function overcommitOrHugepages(
  { memory: { overcommitPercent = 0, hugepages } }: VirtualMachineInstancetypeSpec,
): Cause[] {
  if (overcommitPercent === 0 || hugepages === undefined) return [];
  const where = "spec.memory.overcommitPercent";
  return [invalid(where, `${where} and spec.memory.hugepages should not be requested together.`)];
}

function knownTopology(spec: VirtualMachinePreferenceSpec): Cause[] {
  const topology = preferredTopology(spec);
  if (TOPOLOGIES.includes(topology)) return [];
  const where = "spec.cpu.preferredCPUTopology";
  const message = `unknown preferredCPUTopology ${topology}: must be one of ${
    TOPOLOGIES.join(", ")
  }`;
  return [invalid(where, message)];
}

function knownSpread(spec: VirtualMachinePreferenceSpec): Cause[] {
  const { across } = spreadOf(spec);
  if (preferredTopology(spec) !== "spread" || SPREADS.includes(across)) return [];
  const message = `across ${across} is not supported: must be one of ${SPREADS.join(", ")}`;
  return [invalid("spec.cpu.spreadOptions.across", message)];
}

function threadRatio(spec: VirtualMachinePreferenceSpec): Cause[] {
  const { across, ratio } = spreadOf(spec);
  if (preferredTopology(spec) !== "spread" || across !== "CoresThreads") return [];
  if (ratio === THREADS_PER_CORE) return [];
  const message = "only a ratio of 2 (1 core 2 threads) is allowed when spreading vCPUs over " +
    `cores and threads: got ${ratio}`;
  return [invalid("spec.cpu.spreadOptions.ratio", message)];
}
