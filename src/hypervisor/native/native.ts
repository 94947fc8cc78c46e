import { ProcessMemory } from "./process_memory.ts";
import { ABI_VERSION, STATUS, symbols } from "./symbols.ts";

/** What KVM on this node can do, found by asking it. */
export interface KvmProbe {
  /** /dev/kvm exists. */
  present: boolean;
  /** It opened, its API version is 12 and it made a virtual machine. */
  usable: boolean;
  /** Why it is not usable. */
  why?: string;
  apiVersion?: number;
  /** Capabilities by name, as KVM_CHECK_EXTENSION answers them. */
  capabilities?: Record<string, number>;
}

/** A status other than OK from the shim. */
export class NativeError extends Error {
  override name = "NativeError";
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Answers and reasons are short; `read` calls bring their own capacity. */
const ANSWER_CAPACITY_BYTES = 64 * 1024;
/** How often a started domain process is asked for its answer; a launch takes hundreds of milliseconds. */
const POLL_INTERVAL_MS = 10;

const LIBRARY_NAME = "libdenovirt.so";
const DOMAIN_PROGRAM_NAME = "denovirt-domain";

/**
 * The native shim, loaded explicitly: nothing happens at import. Handles and bytes cross, never pointers; the shim
 * never calls back.
 */
export class NativeLibrary implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof symbols>;
  readonly #memory = new ProcessMemory();
  /** Holds `libdenovirt.so` and `denovirt-domain`. */
  readonly directory: string;

  private constructor(library: Deno.DynamicLibrary<typeof symbols>, directory: string) {
    this.#library = library;
    this.directory = directory;
  }

  /**
   * Loads `libdenovirt.so` from a directory that also holds `denovirt-domain`.
   * @throws Error naming the path, when it is missing or of another ABI version.
   */
  static load(directory: string): NativeLibrary {
    const path = `${directory}/${LIBRARY_NAME}`;
    let library: Deno.DynamicLibrary<typeof symbols>;
    try {
      library = Deno.dlopen(path, symbols);
    } catch (cause) {
      throw new Error(`Cannot load the native library: got ${path}`, { cause });
    }
    const version = library.symbols.shim_abi_version();
    if (version !== ABI_VERSION) {
      library.close();
      throw new Error(
        `Cannot use ${path}: its ABI version must be ${ABI_VERSION}: got ${version}`,
      );
    }
    return new NativeLibrary(library, directory);
  }

  /** What this process does not need: see {@link ProcessMemory.giveBack}. */
  async giveBackMemory(): Promise<void> {
    await this.#memory.giveBack();
  }

  /** Asks /dev/kvm by ioctl. Never throws for a node without KVM. */
  async probeKvm(): Promise<KvmProbe> {
    const answer = new Answer();
    const status = await this.#library.symbols.shim_kvm_probe(...answer.parameters);
    return JSON.parse(answer.text(status)) as KvmProbe;
  }

  /** Connects to an envelope; see `envelope.ts` for the port on top of it. */
  async connectEnvelope(
    socketPath: string,
    podUid: string,
  ): Promise<{ handle: bigint; pid: number }> {
    const [path, uid] = [encode(socketPath), encode(podUid)];
    const handle = new BigUint64Array(1);
    const pid = new Uint32Array(1);
    const answer = new Answer();
    const status = await this.#library.symbols.shim_envelope_connect(
      path,
      BigInt(path.length),
      uid,
      BigInt(uid.length),
      handle,
      pid,
      ...answer.parameters,
    );
    answer.text(status);
    return { handle: handle[0]!, pid: pid[0]! };
  }

  /** False once the envelope behind the handle has ended or the handle was closed. */
  envelopeAlive(handle: bigint): boolean {
    return this.#library.symbols.shim_envelope_alive(handle) === STATUS.ok;
  }

  /** A path that means the socket of this very envelope, until the handle is closed. */
  envelopeSocket(handle: bigint): string {
    const answer = new Answer();
    return answer.text(this.#library.symbols.shim_envelope_socket(handle, ...answer.parameters));
  }

  /** Tells the envelope to end and waits, at most two seconds, until it has acknowledged. */
  async releaseEnvelope(handle: bigint): Promise<void> {
    const answer = new Answer();
    answer.text(
      await this.#library.symbols.shim_envelope_release(handle, ...answer.parameters),
    );
  }

  /**
   * Reads a file beneath the root of another process, following no link out of it.
   * @throws NativeError when it is missing, is not a regular file or is larger than `bytesMax`.
   */
  async readBeneath(pid: number, path: string, bytesMax: number): Promise<Uint8Array> {
    const encoded = encode(path);
    const answer = new Answer(Math.max(bytesMax, ANSWER_CAPACITY_BYTES));
    const status = await this.#library.symbols.shim_read_beneath(
      pid,
      encoded,
      BigInt(encoded.length),
      ...answer.parameters,
    );
    const bytes = answer.bytes(status);
    if (bytes.length > bytesMax) {
      throw new NativeError(
        `Cannot read ${path} of process ${pid}: it must be at most ${bytesMax} bytes: got ${bytes.length}`,
        STATUS.tooLarge,
      );
    }
    return bytes;
  }

  /**
   * Reads a file in a directory where somebody less trusted may write, by no link. Undefined when it is missing.
   * @throws NativeError when it is not a regular file of that owner, or is larger than `bytesMax`.
   */
  async readShared(file: SharedName, bytesMax: number): Promise<Uint8Array | undefined> {
    const answer = new Answer(Math.max(bytesMax, ANSWER_CAPACITY_BYTES));
    const status = await this.#library.symbols.shim_shared_read(
      ...sharedName(file),
      ...answer.parameters,
    );
    if (status === STATUS.absent) return undefined;
    const bytes = answer.bytes(status);
    if (bytes.length <= bytesMax) return bytes;
    throw new NativeError(
      `Cannot read ${file.name}: it must be at most ${bytesMax} bytes: got ${bytes.length}`,
      STATUS.tooLarge,
    );
  }

  /**
   * Connects to a socket in such a directory. Undefined when nobody listens there.
   * @throws NativeError when it is anything but a socket of that owner: a link is not followed.
   */
  async connectShared(socket: SharedName): Promise<Deno.UnixConn | undefined> {
    const handle = new BigUint64Array(1);
    const answer = new Answer();
    const status = await this.#library.symbols.shim_shared_socket(
      ...sharedName(socket),
      handle,
      ...answer.parameters,
    );
    if (status === STATUS.absent) return undefined;
    const path = answer.text(status);
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return undefined;
      throw error;
    } finally {
      this.close(handle[0]!);
    }
  }

  /**
   * Starts `denovirt-domain` detached from this process, gives it `input` and answers the line it printed. The process
   * bounds its own time; aborting only stops the waiting.
   */
  async runDomain(
    options: { vmDirectory: string; input: string; signal?: AbortSignal },
  ): Promise<string> {
    const program = encode(`${this.directory}/${DOMAIN_PROGRAM_NAME}`);
    const directory = encode(options.vmDirectory);
    const input = encode(options.input);
    const handle = new BigUint64Array(1);
    const answer = new Answer();
    const status = await this.#library.symbols.shim_domain_start(
      program,
      BigInt(program.length),
      directory,
      BigInt(directory.length),
      input,
      BigInt(input.length),
      handle,
      ...answer.parameters,
    );
    answer.text(status);
    try {
      return await this.#pollDomain(handle[0]!, options.signal);
    } finally {
      this.close(handle[0]!);
    }
  }

  async #pollDomain(handle: bigint, signal?: AbortSignal): Promise<string> {
    while (true) {
      signal?.throwIfAborted();
      const answer = new Answer();
      const status = this.#library.symbols.shim_domain_poll(handle, ...answer.parameters);
      if (status !== STATUS.pending) return answer.text(status);
      await delay(POLL_INTERVAL_MS, signal);
    }
  }

  /** Closes a handle; unknown handles are ignored. */
  close(handle: bigint): void {
    this.#library.symbols.shim_close(handle);
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
    this.#library.close();
  }
}

/** A name in a directory where QEMU's user may write, and whose it must be. */
export interface SharedName {
  directory: string;
  name: string;
  owner: number;
}

function sharedName(
  { directory, name, owner }: SharedName,
): [Uint8Array<ArrayBuffer>, bigint, Uint8Array<ArrayBuffer>, bigint, number] {
  const [path, part] = [encode(directory), encode(name)];
  return [path, BigInt(path.length), part, BigInt(part.length), owner];
}

/** The last three parameters of a function that answers bytes, and their reading. */
class Answer {
  readonly #out: Uint8Array<ArrayBuffer>;
  readonly #length = new BigUint64Array(1);

  constructor(capacityBytes: number = ANSWER_CAPACITY_BYTES) {
    this.#out = new Uint8Array(capacityBytes);
  }

  get parameters(): [Uint8Array<ArrayBuffer>, bigint, BigUint64Array<ArrayBuffer>] {
    return [this.#out, BigInt(this.#out.length), this.#length];
  }

  bytes(status: number): Uint8Array {
    const bytes = this.#out.subarray(0, Number(this.#length[0]));
    if (status !== STATUS.ok) throw new NativeError(new TextDecoder().decode(bytes), status);
    return bytes;
  }

  text(status: number): string {
    return new TextDecoder().decode(this.bytes(status));
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted) return Promise.reject(signal.reason);
  const timer = setTimeout(finish, milliseconds);
  signal?.addEventListener("abort", abort, { once: true });
  function finish() {
    signal?.removeEventListener("abort", abort);
    resolve();
  }
  function abort() {
    clearTimeout(timer);
    reject(signal!.reason);
  }
  return promise;
}
