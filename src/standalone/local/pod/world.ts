/** What the local kubelet sees of one pod and may do about it: all of it data. */
import type { Node, Pod } from "../../../resources/core_objects.ts";
import type { ImageState, WantedImage } from "../pod_images.ts";
import type { SandboxObservation } from "../pod_sandbox.ts";
import type { PodProbe, ProbeObservation } from "../probes/pod_probes.ts";

export interface PodWorld {
  /** RFC 3339. */
  now: string;
  podUid: string;
  /** Absent: nobody wants it any more. */
  pod?: Pod;
  sandbox: SandboxObservation;
  /** Something of it is on this machine: directories, a cgroup, a network namespace or an address. */
  hasTraces: boolean;
  address?: string;
  /** By the name of the image. */
  images: Readonly<Record<string, ImageState>>;
  /** Those of its probes that are asked. */
  probes: readonly ProbeObservation[];
  /** This machine; absent until it is known. */
  node?: Node;
  /** Pods that are bound to this machine, or about to be, and have not ended, this one left out. */
  others: readonly Pod[];
}

export type PodAction =
  | { type: "bind" }
  | { type: "pull"; wanted: WantedImage }
  | { type: "start" }
  /** These are asked from now on, and no others. */
  | { type: "probe"; probes: readonly PodProbe[] }
  | { type: "terminate" }
  | { type: "kill" }
  | { type: "tidy" }
  | { type: "delete" };
