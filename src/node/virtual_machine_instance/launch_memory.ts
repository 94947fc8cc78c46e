import { backoffMs } from "../../runtime/backoff.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { LaunchFailure } from "./world.ts";

const RETRY_BASE_MS = 1_000;
const RETRY_MAX_MS = 60_000;

interface Remembered {
  /** To be tried again at this time of the monotonic clock. */
  launchFailure?: Omit<LaunchFailure, "retryInMs"> & { retryAtMs: number };
  endingSinceMs?: number;
  /** The pod whose envelope was asked to end. */
  releasedPodUid?: string;
  /** The last write, and the version it was made on: caches lag behind it. */
  written?: { on: string | undefined; object: VirtualMachineInstance };
}

/** What the agent remembers of its VMIs between two passes. Lost at a restart, which costs one attempt. */
export class LaunchMemory {
  readonly #byUid = new Map<string, Remembered>();

  get(uid: string): Readonly<Remembered> {
    return this.#byUid.get(uid) ?? {};
  }

  launchFailed(
    uid: string,
    { message, terminal, nowMs }: { message: string; terminal: boolean; nowMs: number },
  ): void {
    const count = (this.get(uid).launchFailure?.count ?? 0) + 1;
    const delayMs = backoffMs(count - 1, { baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS });
    this.#set(uid, { launchFailure: { message, terminal, count, retryAtMs: nowMs + delayMs } });
  }

  /** When it was first seen that the guest is to end, on the monotonic clock. */
  endingSinceMs(uid: string, nowMs: number): number {
    const { endingSinceMs = nowMs } = this.get(uid);
    this.#set(uid, { endingSinceMs });
    return endingSinceMs;
  }

  launched(uid: string): void {
    const { launchFailure: _, ...rest } = this.get(uid);
    this.#byUid.set(uid, rest);
  }

  released(uid: string, podUid: string): void {
    this.#set(uid, { releasedPodUid: podUid });
  }

  wrote(uid: string, written: NonNullable<Remembered["written"]>): void {
    this.#set(uid, { written });
  }

  /** The object as this agent wrote it, when the cache still has the version that was written on. */
  latest(cached: VirtualMachineInstance): VirtualMachineInstance {
    const { written } = this.get(cached.metadata.uid);
    return written !== undefined && written.on === cached.metadata.resourceVersion
      ? written.object
      : cached;
  }

  /** Drops all VMIs but these. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#byUid.keys()) if (!uids.has(uid)) this.#byUid.delete(uid);
  }

  #set(uid: string, change: Remembered): void {
    this.#byUid.set(uid, { ...this.get(uid), ...change });
  }
}
