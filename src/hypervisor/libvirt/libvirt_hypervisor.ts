import * as z from "zod";
import { EventQueue } from "../event_queue.ts";
import {
  type DomainEvent,
  type DomainObservation,
  type DomainOwner,
  type DomainSpec,
  type Hypervisor,
  HypervisorError,
} from "../hypervisor.ts";
import { NativeError, type NativeLibrary } from "../native/native.ts";
import { STATUS } from "../native/symbols.ts";
import {
  ControlConnection,
  type ControlObservation,
  type ControlOperation,
} from "./control_connection.ts";
import { isAlive } from "../recorded_process.ts";
import { type DomainRecord, QEMU_USER, VmDirectories } from "./vm_directory.ts";

/** The line that denovirt-domain prints. */
const Report = z.object({
  ok: z.boolean(),
  message: z.string().optional(),
  terminal: z.boolean().optional(),
});

/** A domain process that was told to exit has nothing left to do. */
const EXIT_TIMEOUT_MS = 5_000;
const CONSOLE_SOCKET_NAME = "serial0.sock";
const CONTROL_SOCKET_NAME = "domain.sock";

export interface LibvirtHypervisorOptions {
  native: NativeLibrary;
  /** Machines live in `vms/<uid>` beneath it; its path must be short (socket addresses end at 107 bytes). */
  runDirectory: string;
  /** @default the system's clock */
  now?: () => Date;
}

/**
 * Guests under libvirt and QEMU, each with a `denovirt-domain` of its own inside its pod. This object holds nothing but
 * connections: another one on the same run directory, in another process, sees the same domains.
 */
export class LibvirtHypervisor implements Hypervisor {
  readonly name = "libvirt";
  readonly #native: NativeLibrary;
  readonly #directories: VmDirectories;
  readonly #connections = new Map<string, ControlConnection>();
  readonly #queue = new EventQueue();
  readonly #now: () => Date;
  /** Whoever starts, adopts or removes a domain; the next one for the same uid waits. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #disposed = false;

  constructor(options: LibvirtHypervisorOptions) {
    this.#native = options.native;
    this.#now = options.now ?? (() => new Date());
    this.#directories = new VmDirectories(options);
  }

  async list(signal?: AbortSignal): Promise<string[]> {
    signal?.throwIfAborted();
    return await this.#directories.list();
  }

  async inspect(uid: string, signal?: AbortSignal): Promise<DomainObservation> {
    this.#directories.path(uid);
    return await this.#inTurn(uid, () => this.#inspect(uid, signal));
  }

  async owner(uid: string, signal?: AbortSignal): Promise<DomainOwner | undefined> {
    signal?.throwIfAborted();
    return await this.#directories.owner(uid);
  }

  async launch({ owner, ...spec }: DomainSpec, signal?: AbortSignal): Promise<void> {
    await this.#inTurn(spec.uid, async () => {
      if (await this.#launched(spec.uid, signal)) return;
      await this.#directories.make(spec.uid);
      if (owner !== undefined) await this.#directories.recordOwner(spec.uid, owner);
      await this.#run(spec.uid, {
        mode: "launch",
        vmDirectory: this.#directories.path(spec.uid),
        capabilitiesDirectory: this.#directories.capabilities,
        spec,
      }, signal);
      await this.#connection(spec.uid);
    });
  }

  async suspend(uid: string, signal?: AbortSignal): Promise<void> {
    await this.#request(uid, "suspend", signal);
  }

  async resume(uid: string, signal?: AbortSignal): Promise<void> {
    await this.#request(uid, "resume", signal);
  }

  async reset(uid: string, signal?: AbortSignal): Promise<void> {
    await this.#request(uid, "reset", signal);
  }

  async shutdown(uid: string, signal?: AbortSignal): Promise<void> {
    await this.#directories.noteShutdown(uid, this.#now());
    await this.#request(uid, "shutdown", signal);
  }

  async destroy(uid: string, signal?: AbortSignal): Promise<void> {
    const observation = await this.inspect(uid, signal);
    if (observation.kind === "absent" || observation.kind === "gone") return;
    if (observation.kind === "present" && observation.state === "shutoff") return;
    await this.#request(uid, "destroy", signal);
  }

  async forget(uid: string, signal?: AbortSignal): Promise<void> {
    await this.#inTurn(uid, async () => {
      const observation = await this.#inspect(uid, signal);
      if (observation.kind === "unknown") {
        throw new HypervisorError(`Cannot forget domain ${uid}: ${observation.why}`);
      }
      if (observation.kind === "present" && observation.state !== "shutoff") {
        throw new HypervisorError(`Cannot forget domain ${uid}: it is ${observation.state}`);
      }
      if (!await this.#directories.exists(uid)) return;
      await this.#endDomainProcess(uid, signal);
      using turn = await this.#directories.takeTurn(uid);
      if (turn === undefined) {
        throw new HypervisorError(`Cannot forget domain ${uid}: it is being launched`);
      }
      if (observation.kind === "absent" && await this.#directories.record(uid) !== undefined) {
        throw new HypervisorError(`Cannot forget domain ${uid}: it has just been launched`);
      }
      await this.#directories.remove(uid);
    });
  }

  async openConsole(uid: string, signal?: AbortSignal): Promise<Deno.Conn> {
    signal?.throwIfAborted();
    const what = `Cannot open the console of domain ${uid}`;
    let connection: Deno.Conn | undefined;
    try {
      connection = await this.#connect(uid, CONSOLE_SOCKET_NAME);
    } catch (cause) {
      throw new HypervisorError(what, { cause });
    }
    if (connection === undefined) throw new HypervisorError(`${what}: nobody listens there`);
    return connection;
  }

  events(signal: AbortSignal): AsyncIterable<DomainEvent> {
    return this.#queue.events(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const connection of this.#connections.values()) connection[Symbol.dispose]();
    this.#queue.close();
    return Promise.resolve();
  }

  async #inspect(uid: string, signal?: AbortSignal): Promise<DomainObservation> {
    try {
      return await this.#look(uid, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (await this.#isLeftFalse(uid, error)) return { kind: "gone" };
      return { kind: "unknown", why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Asks the domain process; without one, what it left behind; adopts a guest that lives without one. */
  async #look(uid: string, signal?: AbortSignal): Promise<DomainObservation> {
    if (!await this.#directories.exists(uid)) return { kind: "absent" };
    const answer = await this.#ask(uid, signal);
    if (answer) return await this.#live(uid, answer);
    const record = await this.#directories.record(uid);
    const domainAlive = record !== undefined &&
      await this.#directories.keeps(uid, record.domain, signal);
    const mayBeAdopted = record !== undefined && await this.#mayBeAdopted(uid, record);
    // Read after the processes were looked at: a process that was dead then has written all it ever will.
    const final = await this.#directories.final(uid);
    if (final) return present(final);
    if (!record) return await this.#withoutRecord(uid);
    if (domainAlive) {
      const why =
        `its process ${record.domain.pid} lives and does not listen: it is starting, or it hangs`;
      return { kind: "unknown", why };
    }
    if (!mayBeAdopted) {
      return {
        kind: "gone",
        ...(await this.#directories.wasOomKilled(uid) && { oomKilled: true }),
      };
    }
    await this.#run(uid, { mode: "adopt", vmDirectory: this.#directories.path(uid) }, signal);
    const adopted = await this.#ask(uid, signal);
    return adopted
      ? await this.#live(uid, adopted)
      : { kind: "unknown", why: "it was adopted and does not listen" };
  }

  /** A launch that an agent has begun, which has died since, goes on without it. */
  async #withoutRecord(uid: string): Promise<DomainObservation> {
    using turn = await this.#directories.takeTurn(uid);
    if (turn === undefined) return { kind: "unknown", why: "it is being launched" };
    if (await this.#directories.record(uid) === undefined) return { kind: "absent" };
    return { kind: "unknown", why: "it has just been launched" };
  }

  /** Whether QEMU lives, or may live unrecorded: its starter died between the two. */
  async #mayBeAdopted(uid: string, { vmm, envelope }: DomainRecord): Promise<boolean> {
    if (vmm) return await this.#isVmm(uid, vmm);
    return await isAlive(envelope) && await this.#directories.hasVmmPidFile(uid);
  }

  /** @throws HypervisorError when another process is recorded than one of the guest's, and it has some. */
  async #isVmm(uid: string, vmm: DomainRecord["domain"]): Promise<boolean> {
    if (!await isAlive(vmm)) return false;
    if (await this.#directories.isOf(uid, vmm.pid)) return true;
    if (!await this.#directories.hasProcesses(uid)) return false;
    throw new HypervisorError(`its record is false: process ${vmm.pid} is not its own`);
  }

  /** A domain that answers for itself. */
  async #live(uid: string, answer: ControlObservation): Promise<DomainObservation> {
    if (answer.state === "shutoff") return present(answer);
    const sentAt = await this.#directories.shutdownSentAt(uid);
    return {
      ...present(answer),
      ...(sentAt && { shutdownSentAt: sentAt.toISOString() }),
    };
  }

  /** Undefined when nobody listens, also when that turns out only while asking. */
  async #ask(uid: string, signal?: AbortSignal): Promise<ControlObservation | undefined> {
    const connection = await this.#connection(uid);
    if (!connection) return undefined;
    try {
      return await connection.request("state", signal);
    } catch (error) {
      if (connection.open) throw error;
      return undefined;
    }
  }

  async #launched(uid: string, signal?: AbortSignal): Promise<boolean> {
    const observation = await this.#inspect(uid, signal);
    switch (observation.kind) {
      case "absent":
        return false;
      case "unknown":
        throw new HypervisorError(`Cannot launch domain ${uid}: ${observation.why}`);
      case "gone":
        throw new HypervisorError(`Cannot launch domain ${uid}: it was killed from outside`, {
          terminal: true,
        });
      case "present":
        if (observation.state !== "shutoff") return true;
        throw new HypervisorError(`Cannot launch domain ${uid}: it has already ended`, {
          terminal: true,
        });
    }
  }

  async #run(uid: string, request: unknown, signal?: AbortSignal): Promise<void> {
    const line = await this.#native.runDomain({
      vmDirectory: this.#directories.path(uid),
      input: JSON.stringify(request),
      ...(signal && { signal }),
    });
    const report = Report.parse(JSON.parse(line));
    if (report.ok) return;
    throw new HypervisorError(report.message ?? `Cannot run domain ${uid}: no reason was given`, {
      terminal: report.terminal ?? false,
    });
  }

  async #request(uid: string, operation: ControlOperation, signal?: AbortSignal): Promise<void> {
    let connection = await this.#connection(uid);
    if (!connection) {
      const observation = await this.inspect(uid, signal); // adopts
      connection = await this.#connection(uid);
      if (!connection) {
        const why = observation.kind === "unknown" ? observation.why : `it is ${observation.kind}`;
        throw new HypervisorError(`Cannot ${operation} domain ${uid}: ${why}`);
      }
    }
    await connection.request(operation, signal);
  }

  async #connection(uid: string): Promise<ControlConnection | undefined> {
    const known = this.#connections.get(uid);
    if (known?.open) return known;
    const connected = await this.#connect(uid, CONTROL_SOCKET_NAME);
    const opened = connected && ControlConnection.over(connected, {
      onEvent: ({ state, reason }) => this.#queue.push({ uid, state, reason }),
      onClose: () => {
        if (this.#connections.get(uid) === opened) this.#connections.delete(uid);
        // The process ended or was killed: worth asking why.
        if (!this.#disposed) this.#queue.push({ uid, state: "nostate", reason: "disconnected" });
      },
    });
    const other = this.#connections.get(uid);
    if (opened && (other?.open || this.#disposed)) {
      opened[Symbol.dispose](); // somebody else was faster
      return other;
    }
    if (opened) this.#connections.set(uid, opened);
    return opened;
  }

  /** Undefined when nobody listens. What lies there instead of a socket of the guest's processes is refused. */
  #connect(uid: string, name: string): Promise<Deno.UnixConn | undefined> {
    return this.#native.connectShared({
      directory: this.#directories.path(uid),
      name,
      owner: QEMU_USER,
    });
  }

  async #endDomainProcess(uid: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#askToEnd(uid, signal);
    } catch (error) {
      if (!await this.#isLeftFalse(uid, error)) throw error;
    }
  }

  /**
   * Whether what a guest's processes have put into its directory is why it cannot be read, and none of them lives: then
   * nobody will ever put it right, and nothing is left of the guest.
   */
  async #isLeftFalse(uid: string, error: unknown): Promise<boolean> {
    return isFalse(error) && !await this.#directories.hasProcesses(uid).catch(() => true);
  }

  async #askToEnd(uid: string, signal?: AbortSignal): Promise<void> {
    const connection = await this.#connection(uid);
    if (connection) {
      await connection.request("exit", signal);
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, EXIT_TIMEOUT_MS);
      await Promise.race([connection.closed, timeout.promise]);
      clearTimeout(timer);
    }
    const record = await this.#directories.record(uid);
    if (!record || !await this.#directories.keeps(uid, record.domain, signal)) return;
    await this.#run(uid, { mode: "end", vmDirectory: this.#directories.path(uid) }, signal);
  }

  async #inTurn<T>(uid: string, body: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(uid) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(body);
    this.#turns.set(uid, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(uid) === turn) this.#turns.delete(uid);
    }
  }
}

function present(
  observation: ControlObservation,
): Extract<DomainObservation, { kind: "present" }> {
  return {
    kind: "present",
    state: observation.state,
    reason: observation.reason,
    emulated: observation.emulated,
    ...(observation.vmmPid !== undefined && { vmmPid: observation.vmmPid }),
    ...(observation.startedAtMs !== undefined && {
      startedAt: new Date(observation.startedAtMs).toISOString(),
    }),
    ...(observation.diskErrors && { diskErrors: observation.diskErrors }),
    ...(observation.truncatedDisks && { truncatedDisks: observation.truncatedDisks }),
    ...(observation.unresponsive !== undefined && { unresponsive: observation.unresponsive }),
    ...(observation.oomKilled && { oomKilled: true }),
  };
}

/** What cannot be there unless somebody other than the domain process has written it. */
function isFalse(error: unknown): boolean {
  if (error instanceof NativeError) {
    return error.status === STATUS.foreign || error.status === STATUS.tooLarge;
  }
  return error instanceof SyntaxError || error instanceof z.ZodError;
}
