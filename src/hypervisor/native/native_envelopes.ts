import { Envelope, EnvelopeError, EnvelopeErrorReason, Envelopes } from "../envelope.ts";
import { NativeError, NativeLibrary } from "./native.ts";
import { STATUS } from "./symbols.ts";

/** Envelopes reached through the native shim. */
export class NativeEnvelopes implements Envelopes {
  readonly #native: NativeLibrary;

  constructor(native: NativeLibrary) {
    this.#native = native;
  }

  async connect(socketPath: string, podUid: string, signal?: AbortSignal): Promise<Envelope> {
    signal?.throwIfAborted();
    try {
      const { handle, pid } = await this.#native.connectEnvelope(socketPath, podUid);
      return new NativeEnvelope(this.#native, handle, pid);
    } catch (error) {
      throw envelopeError(error);
    }
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
