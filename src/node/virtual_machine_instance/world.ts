/** What is known of one VMI on this node when it is decided about. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { DomainObservation, DomainOwner } from "../../hypervisor/hypervisor.ts";
import type { Refusal } from "../../libvirt_domain/configurator.ts";
import type { Pod } from "../../resources/core_objects.ts";

/** Why guests of this node run under TCG. */
export type EmulationReason =
  /** The KubeVirt object says so. */
  | "EmulationRequested"
  /** /dev/kvm is missing or does not work. */
  | "KVMNotAvailable"
  /** No node offered KVM when the pod was made, so that it holds none. */
  | "KVMNotRequested";

/** What a look for the pod's envelope found. "unknown" says nothing about it. */
export type EnvelopeObservation =
  | { kind: "connected" }
  | { kind: "absent" }
  | { kind: "unknown"; why: string };

/** A domain of another instance of the same name. */
export interface Rival {
  uid: string;
  epoch: number;
}

/** A launch that failed; remembered until the domain is there or the VMI is gone. */
export interface LaunchFailure {
  message: string;
  /** Trying again with the same spec cannot help. */
  terminal: boolean;
  /** How often in a row. */
  count: number;
  /** At once when it is not above 0. */
  retryInMs: number;
}

export interface World {
  now: string;
  nodeName: string;
  vmi: VirtualMachineInstance;
  /** The launcher pod of this VMI on this node. */
  pod: Pod | undefined;
  domain: DomainObservation;
  /** For which hand-over the domain was started, where that was recorded. */
  started?: DomainOwner;
  /** Other domains of this node that were started for an instance of this name; looked for before a launch. */
  rivals?: readonly Rival[];
  envelope: EnvelopeObservation;
  /** This agent has asked it to end, which takes a moment. */
  isReleased?: boolean;
  /** Present when new guests of this node are emulated. */
  emulationReason?: EmulationReason;
  /** What of the spec this node cannot act on. */
  refusals: readonly Refusal[];
  launchFailure?: LaunchFailure;
  /**
   * Milliseconds since this agent first saw that the VMI or its pod is being deleted, or that the pod's container was told to
   * stop; absent when nothing of it is so.
   */
  endingForMs?: number;
}

export type Action =
  /** Prepares network, disks and images, and starts the guest in its pod. */
  | { type: "launch" }
  /** Ends a guest that was started for an earlier hand-over, if the API server says so too. */
  | { type: "fence"; uid: string }
  /** Presses the power button. */
  | { type: "shutdown" }
  /** Ends the guest at once. */
  | { type: "destroy" }
  /** Opens or closes the pod's readiness gate. */
  | { type: "set_readiness_gate"; open: boolean }
  /** Lets the pod end. */
  | { type: "release_envelope" }
  /** Removes what is left of the domain on the node. */
  | { type: "forget" };
