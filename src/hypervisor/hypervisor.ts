/**
 * The port to whatever runs guests on this node. Adapters: `libvirt/` (denovirt-domain over a unix socket), `fake/`.
 * `contract_suite.ts` runs against each of them. A domain is named by the UID of its VMI; its directory is
 * `<run directory>/vms/<uid>`.
 */

/** libvirt's virDomainState names. */
export type DomainState =
  | "nostate"
  | "running"
  | "blocked"
  | "paused"
  | "shutdown"
  | "shutoff"
  | "crashed"
  | "pmsuspended";

/** A disk that the VMM stopped the guest for: its last request failed. */
export interface DiskError {
  /** Its name in the domain: "vda". */
  target: string;
  /** There was no space for what the guest wrote; else the storage failed in another way. */
  noSpace: boolean;
}

/**
 * What was seen when looking for a domain. "unknown" is not "absent": it means that looking failed, and says why.
 * - absent: no directory and no process of this domain exist on the node, or the directory was only prepared (files
 *   such as a cloud-init image were put there) and nothing was ever launched from it.
 * - gone: the directory exists, its processes are dead and no final state was recorded (killed from outside).
 * - present: state and reason as libvirt names them (`virDomainShutoffReason`…: "shutdown", "destroyed", "crashed",
 *   "failed", "user", "ioerror", "booted"…). A shutoff domain stays present until {@link Hypervisor.forget}.
 */
export type DomainObservation =
  | { kind: "absent" }
  | { kind: "unknown"; why: string }
  | {
    kind: "gone";
    /** The kernel killed processes of its pod for want of memory. */
    oomKilled?: boolean;
  }
  | {
    kind: "present";
    state: DomainState;
    reason: string;
    /** True when the guest runs under TCG. */
    emulated: boolean;
    /** Process id of the VMM on the node; absent once it ended. */
    vmmPid?: number;
    startedAt?: string;
    /** Of state "paused", reason "ioerror". Such a guest goes on by itself when its storage is back. */
    diskErrors?: readonly DiskError[];
    /** Disks, by their names in the domain, whose image lost a part while the guest runs. */
    truncatedDisks?: readonly string[];
    /** Why the VMM does not answer. It may do so again; until then the guest can be destroyed and nothing else. */
    unresponsive?: string;
    /** Of state "shutoff": the kernel killed the VMM for want of memory. */
    oomKilled?: boolean;
    /** When the power button was pressed last, by whichever agent; absent: never, or the guest has ended since. */
    shutdownSentAt?: string;
  };

/** A file or directory of the pod, resolved beneath a process's root by openat2 and bind-mounted for the domain. */
export interface DomainMount {
  /** Process id on the node whose root the path is resolved beneath (never followed outside of it). */
  pid: number;
  /** Absolute in that root. A directory with `firstFile` picks its first regular file in byte order (containerDisk). */
  path: string;
  firstFile?: boolean;
  /** Relative to the VM's directory: "disks/root/base", "ephemeral". Created as needed. */
  target: string;
  readOnly: boolean;
  kind: "file" | "directory";
}

/** A qcow2 file made before the start, unless it exists. Paths are relative to the VM's directory. */
export interface DomainOverlay {
  path: string;
  /** A raw or qcow2 file; its header is checked (no backing file, no external data file), never autodetected by QEMU. */
  backing?: string;
  /** Needed without backing; with it, at least the backing file's size. Bytes. */
  sizeBytes?: number;
}

/** A DHCP server for one guest interface, served inside the pod's network namespace by the domain process. */
export interface DomainDhcp {
  /** Bridge to listen on: "k6t-eth0". */
  bridge: string;
  /** Only this guest is answered. */
  mac: string;
  address: string;
  prefixLength: number;
  gateway: string;
  nameservers: string[];
  searchDomains: string[];
  mtu: number;
  hostname: string;
}

/** For which hand-over of which VMI a domain was started: tells its guest from one that was started for an earlier one. */
export interface DomainOwner {
  namespace: string;
  name: string;
  podUid: string;
  epoch: number;
}

/**
 * An image the guest may write to. It is locked for as long as the guest runs: a second domain that would write to it is
 * refused, not for good, with a reason that names the volume.
 */
export interface DomainLock {
  /** Name of the volume, for people. */
  volume: string;
  /** Relative to the VM's directory. */
  path: string;
  /** Others that say the same of it may write, too. */
  shared: boolean;
}

export interface DomainSpec {
  /** VMI UID; must match /^[0-9a-f-]{36}$/. */
  uid: string;
  /** libvirt domain XML, complete. `@VMDIR@` stands for the VM's directory, `@FORMAT:<path>@` for the checked format of a base image. */
  xml: string;
  /** PID on the node of the envelope: network, PID, UTS namespaces and cgroups are joined from it. */
  envelopePid: number;
  mounts: readonly DomainMount[];
  overlays: readonly DomainOverlay[];
  dhcp: readonly DomainDhcp[];
  /** @default none */
  locks?: readonly DomainLock[];
  /** Start with vCPUs stopped. */
  paused: boolean;
  /** Recorded before anything is started, and kept until {@link Hypervisor.forget}. */
  owner?: DomainOwner;
}

export interface DomainEvent {
  uid: string;
  /** What `inspect` would answer now is what counts; this only says that it is worth asking. */
  state: DomainState;
  reason: string;
}

/** Why a launch or an operation failed. `terminal`: trying again with the same spec cannot help. */
export class HypervisorError extends Error {
  override name = "HypervisorError";
  readonly terminal: boolean;
  constructor(message: string, options: ErrorOptions & { terminal?: boolean } = {}) {
    super(message, options);
    this.terminal = options.terminal ?? false;
  }
}

export interface Hypervisor extends AsyncDisposable {
  readonly name: string;
  /** UIDs of all VM directories on the node. */
  list(signal?: AbortSignal): Promise<string[]>;
  inspect(uid: string, signal?: AbortSignal): Promise<DomainObservation>;
  /** What was recorded at the launch; `undefined`: nothing was. Throws when it cannot be read. */
  owner(uid: string, signal?: AbortSignal): Promise<DomainOwner | undefined>;
  /** Idempotent by uid: a domain that is already present is left alone. Resolves when the domain is running (or paused). */
  launch(spec: DomainSpec, signal?: AbortSignal): Promise<void>;
  suspend(uid: string, signal?: AbortSignal): Promise<void>;
  resume(uid: string, signal?: AbortSignal): Promise<void>;
  reset(uid: string, signal?: AbortSignal): Promise<void>;
  /** ACPI power button; returns at once. */
  shutdown(uid: string, signal?: AbortSignal): Promise<void>;
  /** Ends the guest at once; resolves when it is shutoff. */
  destroy(uid: string, signal?: AbortSignal): Promise<void>;
  /** Ends the domain process and removes the VM's directory. Refused (throws) while the guest runs. */
  forget(uid: string, signal?: AbortSignal): Promise<void>;
  /** The serial console as a byte stream; the caller closes it. One at a time is the caller's rule. */
  openConsole(uid: string, signal?: AbortSignal): Promise<Deno.Conn>;
  /** Pulled by the consumer; bounded; on overflow the oldest are dropped (a full `inspect` follows anyway). */
  events(signal: AbortSignal): AsyncIterable<DomainEvent>;
}
