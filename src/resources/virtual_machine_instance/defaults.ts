/**
 * What a VMI gets at creation when it does not say otherwise: an ordered list of rules over a copy of the object. What
 * upstream would default for hotplug (maxSockets, maxGuest) is left out while nothing is hotplugged.
 */
import { klona } from "klona/json";
import {
  DEPRECATED_VIRTUAL_MACHINE_INSTANCE_FINALIZER,
  VIRTUAL_MACHINE_INSTANCE_FINALIZER,
} from "../../api/labels.ts";
import { VirtualMachineInstancePhase } from "../../api/phases.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";
import { DEVICE_DEFAULTS } from "./defaults_devices.ts";
import { FEATURE_DEFAULTS } from "./defaults_features.ts";
import { RESOURCE_DEFAULTS } from "./defaults_resources.ts";
import { STORAGE_DEFAULTS } from "./defaults_storage.ts";

/** The uid that VM processes run with in the pod. */
const RUNTIME_USER = 107;

/** Everything a default may depend on besides the object. */
export interface DefaultsContext {
  cluster: ClusterDefaults;
  /** RFC 3339, whole seconds. */
  now: string;
  /** A random UUID, used when the guest has none. */
  uuid: string;
}

/** Changes the draft in place. */
export type SpecDefault = (draft: VirtualMachineInstanceSpec, context: DefaultsContext) => void;

const SPEC_DEFAULTS: readonly SpecDefault[] = [
  architecture,
  machineType,
  ...RESOURCE_DEFAULTS,
  evictionStrategy,
  ...STORAGE_DEFAULTS,
  ...DEVICE_DEFAULTS,
  ...FEATURE_DEFAULTS,
  firmwareUuid,
  probes,
];

/** The spec with defaults; the given one stays as it is. */
export function defaultSpec(
  spec: VirtualMachineInstanceSpec,
  context: DefaultsContext,
): VirtualMachineInstanceSpec {
  const draft = klona(spec);
  for (const rule of SPEC_DEFAULTS) rule(draft, context);
  return draft;
}

/** A new VMI with defaults, finalizer and first phase. A status that came with it is dropped: it is not the user's. */
export function defaultVirtualMachineInstance(
  vmi: VirtualMachineInstance,
  context: DefaultsContext,
): VirtualMachineInstance {
  const spec = defaultSpec(vmi.spec, context);
  const { guest } = spec.domain.memory ?? {};
  const { cores, sockets, threads } = spec.domain.cpu ?? {};
  return {
    ...vmi,
    metadata: { ...vmi.metadata, finalizers: withFinalizer(vmi.metadata.finalizers ?? []) },
    spec,
    status: {
      phase: VirtualMachineInstancePhase.Pending,
      phaseTransitionTimestamps: [{
        phase: VirtualMachineInstancePhase.Pending,
        phaseTransitionTimestamp: context.now,
      }],
      runtimeUser: RUNTIME_USER,
      ...(guest === undefined
        ? {}
        : { memory: { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest } }),
      currentCPUTopology: {
        ...(cores === undefined ? {} : { cores }),
        ...(sockets === undefined ? {} : { sockets }),
        ...(threads === undefined ? {} : { threads }),
      },
    },
  };
}

function withFinalizer(finalizers: readonly string[]): string[] {
  const known = [VIRTUAL_MACHINE_INSTANCE_FINALIZER, DEPRECATED_VIRTUAL_MACHINE_INSTANCE_FINALIZER];
  return known.some((name) => finalizers.includes(name))
    ? [...finalizers]
    : [...finalizers, VIRTUAL_MACHINE_INSTANCE_FINALIZER];
}

function architecture(draft: VirtualMachineInstanceSpec, { cluster }: DefaultsContext): void {
  draft.architecture ||= cluster.architecture;
}

function machineType(draft: VirtualMachineInstanceSpec, { cluster }: DefaultsContext): void {
  const type = cluster.machineType[draft.architecture ?? ""];
  if (type === undefined || draft.domain.machine?.type) return;
  draft.domain.machine = { ...draft.domain.machine, type };
}

function evictionStrategy(draft: VirtualMachineInstanceSpec, { cluster }: DefaultsContext): void {
  draft.evictionStrategy ??= cluster.evictionStrategy;
}

function firmwareUuid(draft: VirtualMachineInstanceSpec, { uuid }: DefaultsContext): void {
  if (draft.domain.firmware?.uuid) return;
  draft.domain.firmware = { ...draft.domain.firmware, uuid };
}

function probes(draft: VirtualMachineInstanceSpec): void {
  for (const probe of [draft.livenessProbe, draft.readinessProbe]) {
    if (probe === undefined) continue;
    probe.timeoutSeconds ||= 1;
    probe.periodSeconds ||= 10;
    probe.successThreshold ||= 1;
    probe.failureThreshold ||= 3;
  }
}
