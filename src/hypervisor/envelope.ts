/**
 * The port to envelopes: the static process that holds a pod's namespaces and cgroups. It listens on a unix socket in
 * an emptyDir of the pod; whoever connects learns its process id from the kernel (SO_PEERCRED), never from the pod.
 * Adapter: `native/native_envelopes.ts`.
 */

/** Why no envelope could be reached. */
export type EnvelopeErrorReason =
  /** No socket, or nobody listens on it: not started yet, or ended. */
  | "absent"
  /** Somebody answers who is not a process of that pod. */
  | "foreign"
  /** Looking failed; says nothing about the envelope. */
  | "unknown";

/** Thrown by {@link Envelopes} and {@link Envelope.release}. */
export class EnvelopeError extends Error {
  override name = "EnvelopeError";
  readonly reason: EnvelopeErrorReason;
  constructor(message: string, options: ErrorOptions & { reason: EnvelopeErrorReason }) {
    super(message, options);
    this.reason = options.reason;
  }
}

/** A connection to one envelope; holding it keeps the process id from being reused unnoticed. */
export interface Envelope extends Disposable {
  /** Process id on the node. */
  readonly pid: number;
  /** False as soon as the process has ended, even if its number is used again. */
  alive(): boolean;
  /** Lets the envelope end with code 0; resolves when it has acknowledged. Everything in its PID namespace ends with it. */
  release(signal?: AbortSignal): Promise<void>;
  /** Closes the connection; the envelope stays. Idempotent, also what `using` does. */
  close(): void;
}

/** A connection over which an envelope says that its container was told to stop (SIGTERM). It does not end by that. */
export interface StopWatch extends Disposable {
  /** As it is now. One that cannot say (it is of an earlier version, or silent) counts as not told. */
  readonly isTold: boolean;
  /** Resolves when it is told; never, if the connection ends before. */
  readonly told: Promise<void>;
  /** Resolves when the connection has ended: with the envelope, or closed by either side. Never rejects. */
  readonly ended: Promise<void>;
  /** Closes the connection; the envelope stays. Idempotent, also what `using` does. */
  close(): void;
}

export interface Envelopes {
  /**
   * Connects to the envelope listening at `socketPath` and checks that its cgroup names `podUid`. Bounded in time.
   * @throws EnvelopeError with the reason.
   */
  connect(socketPath: string, podUid: string, signal?: AbortSignal): Promise<Envelope>;

  /**
   * The same for a watch, which knows how it is when this resolves.
   * @throws EnvelopeError with the reason.
   */
  watchStop(socketPath: string, podUid: string, signal?: AbortSignal): Promise<StopWatch>;
}
