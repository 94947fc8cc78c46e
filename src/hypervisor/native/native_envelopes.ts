import { Envelope, EnvelopeError, EnvelopeErrorReason, Envelopes, StopWatch } from "../envelope.ts";
import { NativeError, NativeLibrary } from "./native.ts";
import { SocketStopWatch } from "./socket_stop_watch.ts";
import { STATUS } from "./symbols.ts";

/** Envelopes reached through the native shim. */
export class NativeEnvelopes implements Envelopes {
  readonly #native: NativeLibrary;

  constructor(native: NativeLibrary) {
    this.#native = native;
  }

  async connect(socketPath: string, podUid: string, signal?: AbortSignal): Promise<Envelope> {
    return await this.#connect(socketPath, podUid, signal);
  }

  async #connect(
    socketPath: string,
    podUid: string,
    signal?: AbortSignal,
  ): Promise<NativeEnvelope> {
    signal?.throwIfAborted();
    try {
      const { handle, pid } = await this.#native.connectEnvelope(socketPath, podUid);
      return new NativeEnvelope(this.#native, handle, pid);
    } catch (error) {
      throw envelopeError(error);
    }
  }

  async watchStop(socketPath: string, podUid: string, signal?: AbortSignal): Promise<StopWatch> {
    using envelope = await this.#connect(socketPath, podUid, signal);
    let socket: Deno.UnixConn;
    try {
      socket = await Deno.connect({ transport: "unix", path: envelope.socketPath });
    } catch (cause) {
      const reason = cause instanceof Deno.errors.ConnectionRefused ? "absent" : "unknown";
      throw new EnvelopeError(`Cannot watch the envelope at ${socketPath}`, { cause, reason });
    }
    return await SocketStopWatch.over(socket, signal);
  }
}

class NativeEnvelope implements Envelope {
  readonly pid: number;
  readonly #native: NativeLibrary;
  readonly #handle: bigint;

  constructor(native: NativeLibrary, handle: bigint, pid: number) {
    this.#native = native;
    this.#handle = handle;
    this.pid = pid;
  }

  /** Until it is closed. */
  get socketPath(): string {
    return this.#native.envelopeSocket(this.#handle);
  }

  alive(): boolean {
    return this.#native.envelopeAlive(this.#handle);
  }

  async release(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    try {
      await this.#native.releaseEnvelope(this.#handle);
    } catch (error) {
      throw envelopeError(error);
    }
  }

  close(): void {
    this.#native.close(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function envelopeError(error: unknown): unknown {
  if (!(error instanceof NativeError)) return error;
  return new EnvelopeError(error.message, { cause: error, reason: reasonOf(error.status) });
}

function reasonOf(status: number): EnvelopeErrorReason {
  switch (status) {
    case STATUS.absent:
      return "absent";
    case STATUS.foreign:
      return "foreign";
    default:
      return "unknown";
  }
}
