import * as z from "zod";
import { type DomainState, HypervisorError } from "../hypervisor.ts";

const DOMAIN_STATES = [
  "nostate",
  "running",
  "blocked",
  "paused",
  "shutdown",
  "shutoff",
  "crashed",
  "pmsuspended",
] as const satisfies readonly DomainState[];

const Observed = {
  state: z.enum(DOMAIN_STATES),
  reason: z.string(),
  emulated: z.boolean(),
  vmmPid: z.number().optional(),
  startedAtMs: z.number().optional(),
  diskErrors: z.array(z.object({ target: z.string(), noSpace: z.boolean() })).optional(),
  truncatedDisks: z.array(z.string()).optional(),
  unresponsive: z.string().optional(),
  oomKilled: z.boolean().optional(),
};

/** What a domain process says about its guest. */
export const ControlObservation = z.object(Observed);
export type ControlObservation = z.infer<typeof ControlObservation>;

const Line = z.union([
  z.object({ id: z.number(), ok: z.literal(true), ...Observed }),
  z.object({ id: z.number(), ok: z.literal(false), message: z.string(), terminal: z.boolean() }),
  z.object({ event: z.literal("lifecycle"), ...Observed }),
]);

/** What can be asked of a domain process; `ffi/domain/src/protocol.rs`. */
export type ControlOperation =
  | "state"
  | "suspend"
  | "resume"
  | "reset"
  | "shutdown"
  | "destroy"
  | "exit";

/** An answer carries an error message of libvirt at most. */
const LINE_LENGTH_MAX = 64 * 1024;
const STATE_TIMEOUT_MS = 10_000;
/** libvirt itself gives a stubborn QEMU up to half a minute before it reports that it cannot be killed. */
const OPERATION_TIMEOUT_MS = 45_000;

interface ControlEvents {
  onEvent(observation: ControlObservation): void;
  onClose(): void;
}

interface Pending {
  resolve(observation: ControlObservation): void;
  reject(error: Error): void;
}

/** One connection to `<vm directory>/domain.sock`. */
export class ControlConnection implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #events: ControlEvents;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = Promise.withResolvers<void>();
  #nextId = 1;
  #open = true;

  private constructor(connection: Deno.UnixConn, events: ControlEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** Talks on a connection that is open, and closes it in the end. */
  static over(connection: Deno.UnixConn, events: ControlEvents): ControlConnection {
    const control = new ControlConnection(connection, events);
    void control.#read();
    return control;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Resolves when the other side has closed, or this one. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Asks one thing and answers what is true afterwards.
   * @throws HypervisorError with libvirt's words; not terminal when the connection is lost or time runs out.
   */
  async request(operation: ControlOperation, signal?: AbortSignal): Promise<ControlObservation> {
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const answer = Promise.withResolvers<ControlObservation>();
    answer.promise.catch(() => {}); // it may be rejected while the request is still being written
    this.#pending.set(id, answer);
    const timeoutMs = operation === "state" ? STATE_TIMEOUT_MS : OPERATION_TIMEOUT_MS;
    const timer = setTimeout(() => {
      answer.reject(new HypervisorError(`Cannot ${operation}: no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const abort = () => answer.reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      if (!this.#open) throw lost();
      await this.#write(`${JSON.stringify({ id, op: operation })}\n`);
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      this.#pending.delete(id);
    }
  }

  async #write(line: string): Promise<void> {
    const bytes = new TextEncoder().encode(line);
    try {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#connection.write(bytes.subarray(written));
      }
    } catch (cause) {
      throw lost(cause);
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(4096);
    let text = "";
    try {
      while (true) {
        const count = await this.#connection.read(bytes);
        if (count === null) break;
        text += decoder.decode(bytes.subarray(0, count), { stream: true });
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) this.#take(line);
        if (text.length > LINE_LENGTH_MAX) break;
      }
    } catch {
      // A broken connection and a process that talks nonsense end the same way: nobody is believed any more.
    }
    this.#finish();
  }

  #take(text: string): void {
    const line = Line.parse(JSON.parse(text));
    if ("event" in line) return this.#events.onEvent(line);
    const pending = this.#pending.get(line.id);
    if (line.ok) pending?.resolve(line);
    else pending?.reject(new HypervisorError(line.message, { terminal: line.terminal }));
  }

  #finish(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#connection.close();
    } catch {
      // Closed already.
    }
    for (const pending of this.#pending.values()) pending.reject(lost());
    this.#events.onClose();
    this.#closed.resolve();
  }

  [Symbol.dispose](): void {
    this.#finish();
  }
}

function lost(cause?: unknown): HypervisorError {
  return new HypervisorError("Cannot reach the domain process: the connection is lost", { cause });
}
