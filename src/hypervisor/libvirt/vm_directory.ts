import * as z from "zod";
import type { DomainOwner } from "../hypervisor.ts";
import type { NativeLibrary } from "../native/native.ts";
import { isAlive, RecordedProcess, unlessMissing } from "../recorded_process.ts";
import { ControlObservation } from "./control_connection.ts";

/** `ffi/domain/src/record.rs`: which processes run the domain. Another version may have written it. */
const DomainRecord = z.object({
  envelope: RecordedProcess,
  domain: RecordedProcess,
  vmm: RecordedProcess.nullish(),
});
export type DomainRecord = z.infer<typeof DomainRecord>;

const OwnerRecord: z.ZodType<DomainOwner> = z.object({
  namespace: z.string(),
  name: z.string(),
  podUid: z.string(),
  epoch: z.number(),
});

/** `ffi/domain/src/record.rs`: how it ended. */
const FinalState = ControlObservation.extend({
  startedAtMs: z.number().nullish().transform((value) => value ?? undefined),
});

/** `ffi/domain/src/oom_kills.rs`: the counter of the pod's memory cgroup, before the guest and when it lived on. */
const MemoryStart = z.object({ counter: z.string(), kills: z.number() });
const MemorySurvived = z.object({ kills: z.number() });
const OOM_KILLS = /^oom_kill (\d+)$/m;

/** Written before the power button is pressed. */
const ShutdownSent = z.object({ sentAtMs: z.number() });

/** Whose processes run guests, and write to these directories too; they cannot touch what is root's in there. */
export const QEMU_USER = 107;
const ROOT = 0;
/** The users of a process, all four of them, in /proc/<pid>/status. */
const GUEST_USERS = new RegExp(`^Uid:(\\t${QEMU_USER}){4}$`, "m");
/** `ffi/domain/src/private_root.rs`: what such a process sees its directory as. */
const VM_PLACE = "run/denovirt/vm";
const UID = /^[0-9a-f-]{36}$/;
/** QEMU's user must pass to the directories of its own machine; nobody can list them. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;
const DYING_MS_MAX = 200;
const DYING_POLL_MS = 10;
/** A record names processes, DHCP servers and locks. */
const RECORD_BYTES_MAX = 256 * 1024;
const PRIVATE_FILE = 0o600;

/** The directories `<run>/vms/<uid>` and what is recorded in them. */
export class VmDirectories {
  readonly #native: NativeLibrary;
  readonly #runDirectory: string;

  constructor(options: { native: NativeLibrary; runDirectory: string }) {
    this.#native = options.native;
    this.#runDirectory = options.runDirectory;
  }

  get capabilities(): string {
    return `${this.#runDirectory}/capabilities`;
  }

  /** @throws RangeError when the UID could name something else than a directory in there. */
  path(uid: string): string {
    if (!UID.test(uid)) {
      throw new RangeError(`Cannot name a domain: its uid must match ${UID}: got ${uid}`);
    }
    return `${this.#runDirectory}/vms/${uid}`;
  }

  async list(): Promise<string[]> {
    const uids: string[] = [];
    try {
      for await (const entry of Deno.readDir(`${this.#runDirectory}/vms`)) {
        if (entry.isDirectory && UID.test(entry.name)) uids.push(entry.name);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return uids.sort();
  }

  async make(uid: string): Promise<void> {
    const path = this.path(uid);
    await Deno.mkdir(`${this.#runDirectory}/vms`, { recursive: true });
    await Deno.chmod(this.#runDirectory, PASSABLE);
    await Deno.chmod(`${this.#runDirectory}/vms`, PASSABLE);
    await Deno.mkdir(path, { recursive: true, mode: PRIVATE });
  }

  async exists(uid: string): Promise<boolean> {
    return await unlessMissing(Deno.lstat(this.path(uid))) !== undefined;
  }

  async remove(uid: string): Promise<void> {
    await unlessMissing(Deno.remove(this.path(uid), { recursive: true }));
  }

  /**
   * The turn that `ffi/domain/src/turn.rs` takes to launch or adopt the domain, until it is disposed of. Undefined when
   * somebody else has it.
   */
  async takeTurn(uid: string): Promise<Disposable | undefined> {
    const directory = await Deno.open(this.path(uid), { read: true });
    if (await directory.tryLock(true)) return directory;
    directory.close();
    return undefined;
  }

  /** Undefined when nothing was ever launched from there. */
  async record(uid: string): Promise<DomainRecord | undefined> {
    const text = await this.#read(uid, "record.json", QEMU_USER);
    return text === undefined ? undefined : DomainRecord.parse(JSON.parse(text));
  }

  /** For whom it was launched. */
  async owner(uid: string): Promise<DomainOwner | undefined> {
    const text = await this.#read(uid, "owner.json", ROOT);
    return text === undefined ? undefined : OwnerRecord.parse(JSON.parse(text));
  }

  /** All of it or nothing, whenever the agent dies. */
  async recordOwner(uid: string, owner: DomainOwner): Promise<void> {
    await this.#write(uid, "owner.json", owner);
  }

  /** Whether libvirt has, or had, a QEMU for it. */
  async hasVmmPidFile(uid: string): Promise<boolean> {
    try {
      for await (const { name } of Deno.readDir(`${this.path(uid)}/run/qemu`)) {
        if (name.endsWith(".pid")) return true;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return false;
  }

  /** Before the power button is pressed: an agent that dies then must not have its successor press it again. */
  async noteShutdown(uid: string, sentAt: Date): Promise<void> {
    await this.#write(uid, "shutdown.json", { sentAtMs: sentAt.getTime() });
  }

  async shutdownSentAt(uid: string): Promise<Date | undefined> {
    const text = await this.#read(uid, "shutdown.json", ROOT);
    return text === undefined ? undefined : new Date(ShutdownSent.parse(JSON.parse(text)).sentAtMs);
  }

  async final(uid: string): Promise<ControlObservation | undefined> {
    const text = await this.#read(uid, "final.json", QEMU_USER);
    return text === undefined ? undefined : FinalState.parse(JSON.parse(text));
  }

  /**
   * Whether the kernel has killed a process of the domain's pod for want of memory, since the last time that the guest has
   * survived it. Never true where that cannot be told.
   */
  async wasOomKilled(uid: string): Promise<boolean> {
    try {
      const text = await this.#read(uid, "memory.json", ROOT);
      if (text === undefined) return false;
      const { counter, kills } = MemoryStart.parse(JSON.parse(text));
      const now = OOM_KILLS.exec(await Deno.readTextFile(counter))?.[1];
      return Number(now ?? 0) > Math.max(kills, await this.#survivedOomKills(uid));
    } catch {
      return false;
    }
  }

  /** Written by who serves the guest: without it, or where it says nonsense, none were. */
  async #survivedOomKills(uid: string): Promise<number> {
    try {
      const text = await this.#read(uid, "memory_survived.json", QEMU_USER);
      return text === undefined ? 0 : MemorySurvived.parse(JSON.parse(text)).kills;
    } catch {
      return 0;
    }
  }

  /**
   * Whether that process lives, is the domain's and stays: sockets of a process that was killed close a little before it
   * is gone. Another's may be recorded, because QEMU's user can write the record.
   */
  async keeps(uid: string, process: RecordedProcess, signal?: AbortSignal): Promise<boolean> {
    const endMs = performance.now() + DYING_MS_MAX;
    while (await isAlive(process) && await this.isOf(uid, process.pid)) {
      if (performance.now() > endMs) return true;
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, DYING_POLL_MS));
    }
    return false;
  }

  /** Whether any process is the domain's. */
  async hasProcesses(uid: string): Promise<boolean> {
    for await (const { name } of Deno.readDir("/proc")) {
      if (/^\d+$/.test(name) && await this.isOf(uid, Number(name))) return true;
    }
    return false;
  }

  /**
   * Whether a process is QEMU's user's and its root shows the domain's directory as its own, which nobody but root
   * arranges. `ffi/domain/src/belonging.rs` looks again before anything is done to it.
   */
  async isOf(uid: string, pid: number): Promise<boolean> {
    const status = await unlessMissing(Deno.readTextFile(`/proc/${pid}/status`));
    if (status === undefined || !GUEST_USERS.test(status)) return false;
    const [shown, own] = await Promise.all([
      unlessMissing(unlessOdd(Deno.stat(`/proc/${pid}/root/${VM_PLACE}`))),
      unlessMissing(Deno.lstat(this.path(uid))),
    ]);
    return shown !== undefined && shown.ino === own?.ino && shown.dev === own.dev;
  }

  async #read(uid: string, name: string, owner: number): Promise<string | undefined> {
    const file = { directory: this.path(uid), name, owner };
    const bytes = await this.#native.readShared(file, RECORD_BYTES_MAX);
    return bytes && new TextDecoder().decode(bytes);
  }

  async #write(uid: string, name: string, value: unknown): Promise<void> {
    const path = `${this.path(uid)}/${name}`;
    await unlessMissing(Deno.remove(`${path}.new`));
    // Made new: a link that QEMU's user puts there is not followed.
    const options = { createNew: true, mode: PRIVATE_FILE };
    await Deno.writeTextFile(`${path}.new`, JSON.stringify(value), options);
    await Deno.rename(`${path}.new`, path);
  }
}

/** In the root of a process that is somebody else's, anything may have that name. */
async function unlessOdd<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof Deno.errors.FilesystemLoop) return undefined;
    throw error;
  }
}
