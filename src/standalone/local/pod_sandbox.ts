/**
 * The processes of a pod on this machine: started by `denovirt-domain pod`, which waits for their end and keeps a record.
 * Neither needs this process to live on.
 */
import * as z from "zod";
import { isAlive, RecordedProcess } from "../../hypervisor/recorded_process.ts";
import { MAX_ANSWER_BYTES, readBounded } from "./read_bounded.ts";

const START_TIMEOUT_MS = 60_000;

const Record = z.object({
  runtime: RecordedProcess,
  containers: z.array(z.object({
    name: z.string(),
    process: RecordedProcess,
    startedAtMs: z.number(),
    ended: z.object({ atMs: z.number(), exitCode: z.int() }).optional(),
  })),
});
type Record = z.infer<typeof Record>;

const Report = z.object({ ok: z.boolean(), message: z.string().optional() });

/** A container that was started. */
export interface ContainerObservation {
  name: string;
  startedAt: string;
  /** Absent while it runs. */
  ended?: { at: string; exitCode: number };
}

export type SandboxObservation =
  /** Never started, or tidied away. */
  | { kind: "absent" }
  | { kind: "there"; containers: readonly ContainerObservation[] };

/** Whoever waited for it is gone too, and took its code along: what the kubelet says then. */
const UNKNOWN_EXIT_CODE = 137;

/** What `denovirt-domain pod` reads. */
export interface SandboxSpec {
  directory: string;
  record: string;
  hostname: string;
  networkNamespace: string;
  cgroups: readonly string[];
  initContainers: readonly SandboxContainer[];
  containers: readonly SandboxContainer[];
}

export interface SandboxContainer {
  name: string;
  image: string;
  mounts: readonly { source: string; target: string; readOnly: boolean }[];
  command: readonly string[];
  uid: number;
  gid: number;
}

export class SandboxError extends Error {
  override name = "SandboxError";
}

export interface PodSandboxesOptions {
  /** Holds denovirt-domain. */
  nativeDirectory: string;
  /** Root's alone; a file for each pod. */
  recordDirectory: string;
}

export class PodSandboxes {
  readonly #options: PodSandboxesOptions;

  constructor(options: PodSandboxesOptions) {
    this.#options = options;
  }

  recordPath(podUid: string): string {
    return `${this.#options.recordDirectory}/${podUid}.json`;
  }

  /** UIDs of pods that were started here and not tidied away. */
  async list(): Promise<string[]> {
    const uids: string[] = [];
    for await (const { name } of Deno.readDir(this.#options.recordDirectory)) {
      if (/^[0-9a-zA-Z-]+\.json$/.test(name)) uids.push(name.slice(0, -".json".length));
    }
    return uids;
  }

  /** Resolves when all containers run. @throws SandboxError saying which one does not, and why. */
  async start(spec: SandboxSpec, signal: AbortSignal): Promise<void> {
    const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
    const process = new Deno.Command(`${this.#options.nativeDirectory}/denovirt-domain`, {
      args: ["pod"],
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.any([signal, timeout]),
    }).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(spec)));
    await writer.close();
    const answer = await readBounded(process.stdout, MAX_ANSWER_BYTES);
    await process.status;
    signal.throwIfAborted();
    const report = parseReport(answer);
    if (!report.ok) {
      throw new SandboxError(report.message ?? "Cannot start the pod: no reason given");
    }
  }

  async observe(podUid: string): Promise<SandboxObservation> {
    let record = await this.#read(podUid);
    if (record === undefined) return { kind: "absent" };
    const runtimeLives = await isAlive(record.runtime);
    // It writes how the containers ended before it ends itself: what was read may be from before.
    if (!runtimeLives) record = await this.#read(podUid) ?? record;
    const containers: ContainerObservation[] = [];
    for (const { name, process, startedAtMs, ended } of record.containers) {
      const startedAt = new Date(startedAtMs).toISOString();
      if (ended !== undefined) {
        const at = new Date(ended.atMs).toISOString();
        containers.push({ name, startedAt, ended: { at, exitCode: ended.exitCode } });
      } else if (runtimeLives || await isAlive(process)) {
        containers.push({ name, startedAt });
      } else {
        containers.push({ name, startedAt, ended: { at: startedAt, exitCode: UNKNOWN_EXIT_CODE } });
      }
    }
    return { kind: "there", containers };
  }

  /** SIGTERM to each container that runs. */
  async terminate(podUid: string): Promise<void> {
    const record = await this.#read(podUid);
    for (const { process, ended } of record?.containers ?? []) {
      if (ended === undefined && await isAlive(process)) signalProcess(process.pid, "SIGTERM");
    }
  }

  /** Kills each container, so that its end is recorded before the rest of the pod is ended. */
  async kill(podUid: string): Promise<void> {
    const record = await this.#read(podUid);
    for (const { process, ended } of record?.containers ?? []) {
      if (ended === undefined && await isAlive(process)) signalProcess(process.pid, "SIGKILL");
    }
  }

  /** Once nothing of it runs any more. Idempotent. */
  async forget(podUid: string): Promise<void> {
    try {
      await Deno.remove(this.recordPath(podUid));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #read(podUid: string): Promise<Record | undefined> {
    try {
      return Record.parse(JSON.parse(await Deno.readTextFile(this.recordPath(podUid))));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw new Error(`Cannot look at pod ${podUid}: its record cannot be read`, { cause: error });
    }
  }
}

function parseReport(answer: Uint8Array): z.infer<typeof Report> {
  try {
    return Report.parse(JSON.parse(new TextDecoder().decode(answer)));
  } catch (cause) {
    throw new SandboxError("Cannot start the pod: denovirt-domain ended without a word", { cause });
  }
}

function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
