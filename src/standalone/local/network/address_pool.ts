/** Addresses of pods, kept in a file: a process that starts anew gives no pod the address of another that runs. */
import * as z from "zod";
import { hostAt, hostCount, type Ipv4Range } from "../../ipv4_range.ts";

const PoolFile = z.object({
  /** Where to look for a free one next: an address that was given back is not given to another at once. */
  next: z.int().min(0),
  /** By pod UID. */
  addresses: z.record(z.string(), z.string()),
});
type PoolFile = z.infer<typeof PoolFile>;

export class AddressPool {
  readonly #path: string;
  readonly #range: Ipv4Range;
  #state: PoolFile;
  #writing: Promise<void> = Promise.resolve();
  /** What the file says is not what is given: writing it has failed. */
  #isBehind = false;

  private constructor(path: string, range: Ipv4Range, state: PoolFile) {
    this.#path = path;
    this.#range = range;
    this.#state = state;
  }

  /** @throws Error when the file is there and cannot be read: addresses in use would be given away. */
  static async open(path: string, range: Ipv4Range): Promise<AddressPool> {
    return new AddressPool(path, range, await read(path));
  }

  /** The pod's own, the same each time. Durable when it resolves. */
  async take(podUid: string): Promise<string> {
    const known = this.#state.addresses[podUid];
    const address = known ?? this.#free();
    this.#state.addresses[podUid] = address;
    if (known === undefined || this.#isBehind) await this.#write();
    return address;
  }

  find(podUid: string): string | undefined {
    return this.#state.addresses[podUid];
  }

  /** Idempotent. */
  async giveBack(podUid: string): Promise<void> {
    if (this.#state.addresses[podUid] === undefined && !this.#isBehind) return;
    delete this.#state.addresses[podUid];
    await this.#write();
  }

  #free(): string {
    const used = new Set(Object.values(this.#state.addresses));
    const count = hostCount(this.#range);
    for (let step = 0; step < count; step++) {
      const index = (this.#state.next + step) % count;
      const address = hostAt(this.#range, index);
      if (used.has(address)) continue;
      this.#state.next = (index + 1) % count;
      return address;
    }
    throw new Error(`Cannot give a pod an address: all ${count} are in use`);
  }

  /** One after the other, and the last state wins. */
  async #write(): Promise<void> {
    const text = JSON.stringify(this.#state);
    const bytes = new TextEncoder().encode(text);
    this.#isBehind = true;
    this.#writing = this.#writing.catch(() => {}).then(async () => {
      const partial = `${this.#path}.part`;
      using file = await Deno.open(partial, { create: true, truncate: true, write: true });
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.syncData();
      await Deno.rename(partial, this.#path);
      this.#isBehind = text !== JSON.stringify(this.#state);
    });
    await this.#writing;
  }
}

async function read(path: string): Promise<PoolFile> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { next: 0, addresses: {} };
    throw error;
  }
  try {
    return PoolFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`Cannot use ${path}: it must hold the addresses of pods: got something else`, {
      cause,
    });
  }
}
