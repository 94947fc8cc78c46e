/** What the controller of the KubeVirt object sees, may do, and writes: all of it data. */
import type { KubeVirt } from "../../api/kubevirt.ts";

/** A part of the installation that runs as pods. */
export interface ComponentState {
  /** "Deployment denovirt-controller" */
  name: string;
  desired: number;
  ready: number;
}

export interface KubeVirtWorld {
  /** RFC 3339. */
  now: string;
  kubevirt: KubeVirt;
  /** The object that counts: this one, or an older one. */
  primary: KubeVirt;
  /** Of this program. */
  version: string;
  /** Those that exist: a node agent that runs as a systemd unit, or a controller outside the cluster, is none. */
  components: readonly ComponentState[];
  /** VMs, VMIs, replica sets and pools that exist. */
  workloads: number;
}

export type KubeVirtAction = { type: "add_finalizer" } | { type: "remove_finalizer" };
