import { z } from "zod";
import type { DomainOwner } from "../hypervisor.ts";
import { ControlObservation } from "./control_connection.ts";

const Process = z.object({ pid: z.number(), startTicks: z.number() });
type Process = z.infer<typeof Process>;

/** `ffi/domain/src/record.rs`: which processes run the domain. */
const DomainRecord = z.object({
  envelope: Process,
  domain: Process,
  vmm: Process.nullable(),
  startedAtMs: z.number().nullable(),
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
  startedAtMs: z.number().nullable().transform((value) => value ?? undefined),
});

/** Written before the power button is pressed. */
const ShutdownSent = z.object({ sentAtMs: z.number() });

const UID = /^[0-9a-f-]{36}$/;
/** QEMU's user must pass to the directories of its own machine; nobody can list them. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;
const DYING_MS_MAX = 200;
const DYING_POLL_MS = 10;
/** A record names processes, DHCP servers and locks. */
const RECORD_BYTES_MAX = 256 * 1024;
const READ_ATTEMPTS_MAX = 5;
const PRIVATE_FILE = 0o600;

/** The directories `<run>/vms/<uid>` and what is recorded in them. */
export class VmDirectories {
  readonly #runDirectory: string;

  constructor(runDirectory: string) {
    this.#runDirectory = runDirectory;
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

  /** Undefined when nothing was ever launched from there. */
  async record(uid: string): Promise<DomainRecord | undefined> {
    const text = await readRecord(`${this.path(uid)}/record.json`);
    return text === undefined ? undefined : DomainRecord.parse(JSON.parse(text));
  }

  /** For whom it was launched. */
  async owner(uid: string): Promise<DomainOwner | undefined> {
    const text = await readRecord(`${this.path(uid)}/owner.json`);
    return text === undefined ? undefined : OwnerRecord.parse(JSON.parse(text));
  }

  /** All of it or nothing, whenever the agent dies. */
  async recordOwner(uid: string, owner: DomainOwner): Promise<void> {
    const path = `${this.path(uid)}/owner.json`;
    await unlessMissing(Deno.remove(`${path}.new`));
    // Made new: a link that QEMU's user put there is not followed.
    await Deno.writeTextFile(`${path}.new`, JSON.stringify(owner), { createNew: true });
    await Deno.rename(`${path}.new`, path);
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
    const path = `${this.path(uid)}/shutdown.json`;
    const text = JSON.stringify({ sentAtMs: sentAt.getTime() });
    await Deno.writeTextFile(`${path}.partial`, text, { mode: PRIVATE_FILE });
    await Deno.rename(`${path}.partial`, path);
  }

  async shutdownSentAt(uid: string): Promise<Date | undefined> {
    const text = await readRecord(`${this.path(uid)}/shutdown.json`);
    return text === undefined ? undefined : new Date(ShutdownSent.parse(JSON.parse(text)).sentAtMs);
  }

  async final(uid: string): Promise<ControlObservation | undefined> {
    const text = await readRecord(`${this.path(uid)}/final.json`);
    return text === undefined ? undefined : FinalState.parse(JSON.parse(text));
  }
}

/**
 * Reads what QEMU's user could have exchanged: a regular file of a bounded size, by no link.
 * @throws Error when it is anything else.
 */
async function readRecord(path: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
    const found = await unlessMissing(Deno.lstat(path));
    if (found === undefined) return undefined;
    if (!found.isFile || found.size > RECORD_BYTES_MAX) {
      throw new Error(
        `Cannot read ${path}: it must be a file of ${RECORD_BYTES_MAX} bytes at most`,
      );
    }
    using file = await unlessMissing(Deno.open(path));
    const opened = await file?.stat();
    if (opened?.ino !== found.ino || opened?.dev !== found.dev) continue; // a newer one took its place
    const bytes = new Uint8Array(found.size);
    const count = await file?.read(bytes) ?? 0;
    return new TextDecoder().decode(bytes.subarray(0, count));
  }
  throw new Error(`Cannot read ${path}: it is exchanged again and again`);
}

/** Whether exactly that process lives: its number may have been given to another. */
export async function isAlive(process: Process): Promise<boolean> {
  const stat = await unlessMissing(Deno.readTextFile(`/proc/${process.pid}/stat`));
  // The command name may hold blanks and parentheses, so fields are counted from its end.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (!fields || fields[0] === "Z" || fields[0] === "X") return false;
  return fields[19] === String(process.startTicks);
}

/** Whether it has ended, or does so at once: sockets of a process that was killed close a little before it is gone. */
export async function endsSoon(process: Process, signal?: AbortSignal): Promise<boolean> {
  const endMs = performance.now() + DYING_MS_MAX;
  while (await isAlive(process)) {
    if (performance.now() > endMs) return false;
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, DYING_POLL_MS));
  }
  return true;
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isNoSuchProcess(error)) return undefined;
    throw error;
  }
}

/** A process that ends between opening and reading its file in /proc. */
function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
