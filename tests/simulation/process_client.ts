/**
 * The API client of one simulated process: each request travels, is served and is answered at moments of the simulation's
 * choice, or gets lost on the way.
 */
import type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  PatchOptions,
  Resource,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../../src/kube/client.ts";
import { failure } from "../../src/kube/fake/write_rules.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../src/kube/object.ts";
import { isRecord } from "../../src/resources/merge_patch.ts";
import type { ApiServer } from "./api_server.ts";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import { SimulatedWatch } from "./simulated_watch.ts";
import type { SimulatedProcess } from "./simulated_process.ts";
import type { Trace } from "./trace.ts";
import { isPlayed, NONE, SILENCE } from "./unplayed_kinds.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A write that the server carried out. */
export interface ServedWrite {
  process: string;
  verb: "create" | "update" | "patch" | "delete";
  resource: Resource;
  key: ObjectKey;
  body: unknown;
  subresource: string | undefined;
  /** The server's version before and after: equal when nothing was changed. */
  versions: { before: number; after: number };
}

/** A write as it leaves its process. */
export interface SentWrite {
  process: string;
  verb: ServedWrite["verb"];
  resource: Resource;
  key: ObjectKey;
  body: unknown;
}

export interface Network {
  server: ApiServer;
  clock: VirtualClock;
  random: Random;
  faults: Faults;
  trace: Trace;
  /** Told of each write that was served, whatever becomes of its answer. */
  onWrite(write: ServedWrite): void;
  /** A write is sent: its process knows the answers that it has got by now. */
  onSend(write: SentWrite): void;
  /** A process gets the answer that its write was carried out. */
  onAnswer(write: SentWrite, answer: KubeObject | undefined): void;
  /** The server itself refused a write, because the world was another than its sender took it for. */
  onRefusal(write: SentWrite, error: Error): void;
}

/** The network is down between this process and the API server. */
export interface Link {
  isCut: boolean;
}

interface Call {
  verb: ServedWrite["verb"] | "get" | "list";
  resource: Resource;
  key: Partial<ObjectKey>;
  body?: unknown;
  subresource?: string | undefined;
  signal: AbortSignal | undefined;
}

/** A client gives up on a request after this long, as the real one does. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Made once: an error costs as much as a request. */
export const UNREACHABLE = new TypeError("error sending request");
export const CONNECTION_RESET = new TypeError("connection reset");
export const TOO_MANY_REQUESTS = failure(429, "TooManyRequests", "slow down", {
  retryAfterSeconds: 1,
});
const NO_ANSWER = new DOMException("no answer", "TimeoutError");
const SPURIOUS_CONFLICT = failure(409, "Conflict", "Operation cannot be fulfilled");
const REFUSALS = [
  [3, TOO_MANY_REQUESTS],
  [3, failure(500, "InternalError", "etcdserver: request timed out")],
  [1, failure(503, "ServiceUnavailable", "apiserver is shutting down")],
  // An aggregating proxy on the way: says nothing about the object.
  [1, failure(404, "NotFound", "the server could not find the requested resource")],
] as const;

export class ProcessClient implements KubeClient {
  readonly #network: Network;
  readonly #process: SimulatedProcess;
  readonly #link: Link;
  readonly watches = new Set<SimulatedWatch<KubeObject>>();

  constructor(parts: { network: Network; process: SimulatedProcess; link: Link }) {
    this.#network = parts.network;
    this.#process = parts.process;
    this.#link = parts.link;
  }

  get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    const { signal } = options;
    return this.#call(
      { verb: "get", resource, key, signal },
      (server) => server.direct.get<T>(resource, key),
    );
  }

  list<T extends KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const { signal, ...selection } = options;
    if (!isPlayed(resource)) return Promise.resolve(NONE);
    return this.#call(
      { verb: "list", resource, key: {}, signal },
      (server) => server.direct.list<T>(resource, selection),
    );
  }

  watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions = {},
  ): AsyncIterable<WatchEvent<T>> {
    if (!isPlayed(resource)) return SILENCE;
    const watch = new SimulatedWatch<T>({
      ...this.#network,
      process: this.#process,
      link: this.#link,
      resource,
      options,
      onEnd: () => void this.watches.delete(watch as unknown as SimulatedWatch<KubeObject>),
    });
    this.watches.add(watch as unknown as SimulatedWatch<KubeObject>);
    return watch;
  }

  create<T extends KubeObject>(
    resource: Resource,
    object: unknown,
    options: WriteOptions & { namespace?: string } = {},
  ): Promise<T> {
    const { signal, ...rest } = options;
    const { name } = (object as KubeObject).metadata;
    const namespace = options.namespace ?? (object as KubeObject).metadata.namespace;
    const key = { name, ...(namespace !== undefined && { namespace }) };
    return this.#call(
      { verb: "create", resource, key, body: object, signal },
      (server) => server.direct.create<T>(resource, server.admitted(resource, object), rest),
    );
  }

  update<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const { signal, ...rest } = options;
    const { subresource } = rest;
    const call = { verb: "update", resource, key: keyOf(object), body: object } as const;
    return this.#call(
      { ...call, subresource, signal },
      (server) => server.direct.update<T>(resource, object, rest),
    );
  }

  patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const { signal, ...rest } = options;
    const { subresource } = rest;
    return this.#call(
      { verb: "patch", resource, key, body: patch, subresource, signal },
      (server) =>
        rest.type === "strategic"
          ? server.direct.patch<T>(resource, key, merged(server.get(resource, key), patch), {
            ...rest,
            type: "merge",
          })
          : server.direct.patch<T>(resource, key, patch, rest),
    );
  }

  delete(
    resource: Resource,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    const { signal, ...rest } = options;
    return this.#call(
      { verb: "delete", resource, key, body: rest, signal },
      (server) => server.direct.delete(resource, key, rest),
    );
  }

  raw(): Promise<unknown> {
    return Promise.reject(new Error("Cannot ask: not simulated"));
  }

  #call<R>(call: Call, serve: (server: ApiServer) => Promise<R>): Promise<R> {
    const { clock, faults, random } = this.#network;
    const sent = this.#sent(call);
    if (sent !== undefined) this.#network.onSend(sent);
    return this.#process.request<R>(call.signal, (answer) => {
      const reject = (error: Error, delayMs: number) =>
        clock.setTimer(() => answer.reject(error), delayMs);
      if (this.#link.isCut || faults.strikes("unreachable")) {
        this.#say(call, "unreachable");
        return void reject(UNREACHABLE, random.skewed(1, 3_000));
      }
      if (faults.strikes("hang")) {
        this.#say(call, "hangs");
        if (random.chance(0.5)) {
          clock.setTimer(() => {
            this.#serve(call, serve).catch(() => {});
          }, random.skewed(1, 20_000));
        }
        return void reject(NO_ANSWER, REQUEST_TIMEOUT_MS);
      }
      clock.setTimer(() => {
        // What was sent before its sender died may have left the machine or not.
        if (!this.#process.isAlive && random.chance(0.5)) return;
        const error = this.#refusal(call);
        if (error !== undefined) {
          this.#say(call, `refused: ${error.message}`);
          return void reject(error, faults.delayMs());
        }
        const isLost = faults.strikes("lostAnswer");
        this.#serve(call, serve).then(
          (value) => {
            if (isLost) return void reject(CONNECTION_RESET, faults.delayMs());
            clock.setTimer(() => {
              answer.resolve(value);
              if (sent === undefined || !this.#process.isAlive) return;
              this.#network.onAnswer(sent, value as KubeObject | undefined);
            }, faults.delayMs());
          },
          (error) => {
            if (sent !== undefined) this.#network.onRefusal(sent, error);
            reject(error, faults.delayMs());
          },
        );
      }, faults.delayMs());
    });
  }

  #sent({ verb, resource, key, body }: Call): SentWrite | undefined {
    if (verb === "get" || verb === "list") return undefined;
    return { process: this.#process.name, verb, resource, key: key as ObjectKey, body };
  }

  async #serve<R>(call: Call, serve: (server: ApiServer) => Promise<R>): Promise<R> {
    const { server } = this.#network;
    const before = server.version;
    try {
      const result = await serve(server);
      const { verb, resource, key, body, subresource } = call;
      if (verb === "get" || verb === "list") return result;
      const versions = { before, after: server.version };
      const process = this.#process.name;
      this.#say(call, versions.before === versions.after ? "nothing changed" : "done");
      this.#network.onWrite({
        process,
        verb,
        resource,
        key: key as ObjectKey,
        body,
        subresource,
        versions,
      });
      return result;
    } catch (error) {
      this.#say(call, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  #refusal({ verb }: Call): Error | undefined {
    const { faults, random } = this.#network;
    const isWrite = verb !== "get" && verb !== "list";
    if (isWrite && verb !== "create" && faults.strikes("spuriousConflict")) {
      return SPURIOUS_CONFLICT;
    }
    if (!faults.strikes("refused")) return undefined;
    return random.weighted(REFUSALS);
  }

  #say({ verb, resource, key, body, subresource }: Call, what: string): void {
    if (verb === "list" || verb === "get") return;
    this.#network.trace.add(this.#process.name, () => {
      const path = subresource === undefined
        ? resource.plural
        : `${resource.plural}/${subresource}`;
      const text = verb === "create" ? "" : ` ${JSON.stringify(body)}`;
      return `${verb} ${path} ${key.name}: ${what}${text.slice(0, 700)}`;
    });
  }
}

/** A strategic merge of conditions, which is all that the product uses one for. */
function merged(object: KubeObject | undefined, patch: unknown): unknown {
  const status = isRecord(patch) && isRecord(patch.status) ? patch.status : {};
  const changes = Array.isArray(status.conditions) ? status.conditions : [];
  const { conditions = [] } = (object as { status?: { conditions?: { type: string }[] } })
    ?.status ?? {};
  const types = new Set(changes.map(({ type }) => type));
  return {
    ...(isRecord(patch) ? patch : {}),
    status: {
      ...status,
      conditions: [...conditions.filter(({ type }) => !types.has(type)), ...changes],
    },
  };
}
