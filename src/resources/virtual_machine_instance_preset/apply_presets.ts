/**
 * Presets: what new guests get by their labels. A guest keeps what it says itself; presets that contradict each other are an
 * error, because it would be chance which of them counts.
 */
import { klona } from "klona/json";
import type { DomainSpec } from "../../api/domain.ts";
import type { VirtualMachineInstancePreset } from "../../api/preset.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { type Cause, invalid } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { matchesSelector } from "../label_selector.ts";

/** Annotation of a VMI that presets leave alone: "true". */
export const EXCLUDE_ANNOTATION = "virtualmachineinstancepresets.admission.kubevirt.io/exclude";
/** Prefix of an annotation of a VMI: the name of a preset of which it got something. */
export const APPLIED_ANNOTATION_PREFIX = "virtualmachinepreset.kubevirt.io/";
const APPLIED_VERSION = "kubevirt.io/v1";

/** Upstream's words: tools look for them. */
export const DEPRECATION_WARNING =
  "kubevirt.io/v1 VirtualMachineInstancePresets is now deprecated and will be removed in v2.";

export type AppliedPresets =
  | { causes: readonly Cause[] }
  | { vmi: VirtualMachineInstance; warnings: readonly string[] };

/** One thing that a preset can say. */
interface Setting {
  /** Below `spec.domain`. */
  field: string;
  get(domain: DomainSpec): unknown;
  set(domain: DomainSpec, value: never): void;
}

function setting<Value>(
  field: string,
  get: (domain: DomainSpec) => Value | undefined,
  set: (domain: DomainSpec, value: Value) => void,
): Setting {
  return { field, get, set };
}

const SETTINGS: readonly Setting[] = [
  setting("resources.requests", ({ resources }) => resources?.requests, (domain, requests) => {
    domain.resources = { ...domain.resources, requests };
  }),
  setting("cpu", ({ cpu }) => cpu, (domain, cpu) => void (domain.cpu = cpu)),
  setting("memory", ({ memory }) => memory, (domain, memory) => void (domain.memory = memory)),
  setting(
    "firmware",
    ({ firmware }) => firmware,
    (domain, value) => void (domain.firmware = value),
  ),
  setting("clock", clockOffset, (domain, offset) => {
    domain.clock = { ...domain.clock, ...offset };
  }),
  setting("clock.timer", ({ clock }) => clock?.timer, (domain, timer) => {
    domain.clock = { ...domain.clock, timer };
  }),
  setting(
    "features",
    ({ features }) => features,
    (domain, value) => void (domain.features = value),
  ),
  setting("devices.watchdog", ({ devices }) => devices.watchdog, (domain, watchdog) => {
    domain.devices = { ...domain.devices, watchdog };
  }),
  setting(
    "ioThreadsPolicy",
    ({ ioThreadsPolicy }) => ioThreadsPolicy,
    (domain, policy) => void (domain.ioThreadsPolicy = policy),
  ),
];

/** `presets`: those of the instance's namespace. */
export function applyPresets(
  vmi: VirtualMachineInstance,
  presets: readonly VirtualMachineInstancePreset[],
): AppliedPresets {
  const { labels, annotations } = vmi.metadata;
  if (annotations?.[EXCLUDE_ANNOTATION] === "true") return { vmi, warnings: [] };
  const matching = presets
    .filter(({ spec }) => spec !== undefined && matchesSelector(spec.selector, labels))
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  if (matching.length === 0) return { vmi, warnings: [] };
  const causes = contradictions(matching);
  if (causes.length > 0) return { causes };
  const draft = klona(vmi);
  const told = matching.flatMap((preset) => applyOne(draft, preset));
  return { vmi: draft, warnings: [DEPRECATION_WARNING, ...told] };
}

/** Changes the draft; answers with what the instance has otherwise. */
function applyOne(draft: VirtualMachineInstance, preset: VirtualMachineInstancePreset): string[] {
  const { domain } = preset.spec ?? {};
  const { name } = preset.metadata;
  if (domain === undefined) return [];
  const warnings: string[] = [];
  let isApplied = false;
  for (const { field, get, set } of SETTINGS) {
    const wanted = get(domain);
    if (wanted === undefined) continue;
    if (get(draft.spec.domain) === undefined) {
      set(draft.spec.domain, structuredClone(wanted) as never);
    }
    if (deepEqual(get(draft.spec.domain), wanted)) isApplied = true;
    else warnings.push(`preset ${name}: spec.domain.${field} stays as the instance has it`);
  }
  if (isApplied) {
    const applied = { [`${APPLIED_ANNOTATION_PREFIX}${name}`]: APPLIED_VERSION };
    draft.metadata.annotations = { ...draft.metadata.annotations, ...applied };
  }
  return warnings;
}

function contradictions(presets: readonly VirtualMachineInstancePreset[]): Cause[] {
  return presets.flatMap((preset, index) =>
    presets.slice(0, index).flatMap((other) => contradiction(preset, other))
  );
}

function contradiction(
  preset: VirtualMachineInstancePreset,
  other: VirtualMachineInstancePreset,
): Cause[] {
  const [mine, theirs] = [preset.spec?.domain, other.spec?.domain];
  if (mine === undefined || theirs === undefined) return [];
  return SETTINGS.filter(({ get }) => {
    const [a, b] = [get(mine), get(theirs)];
    return a !== undefined && b !== undefined && !deepEqual(a, b);
  }).map(({ field }) => {
    const names = `presets '${preset.metadata.name}' and '${other.metadata.name}' conflict`;
    const message = `VirtualMachinePresets cannot be applied due to conflicts: ${names}: ` +
      `spec.domain.${field} differs`;
    return invalid(`spec.domain.${field}`, message);
  });
}

function clockOffset(
  { clock }: DomainSpec,
): Omit<NonNullable<DomainSpec["clock"]>, "timer"> | undefined {
  const { timer: _, ...offset } = clock ?? {};
  return Object.keys(offset).length === 0 ? undefined : offset;
}
