/**
 * How many objects the embedded API server takes in a second while watches look on. It is `denovirt-node standalone` as a process;
 * clients and watches are here, over HTTPS with the kubeconfig's certificate.
 */
import assert from "node:assert/strict";
import type { WatchEvent } from "../../src/kube/client.ts";
import { type Connection, kubeconfigConnection } from "../../src/kube/connection.ts";
import { WATCH_LINE_BYTES_MAX } from "../../src/kube/fetch_client.ts";
import { LineDecoder } from "../../src/kube/line_decoder.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { StandaloneDirectory, StandaloneProcess } from "../standalone/standalone_process.ts";
import { cpuSeconds } from "./process_usage.ts";

export interface CreationRate {
  /** Until the last watch has seen the last of them. */
  perSecond: number;
  objects: number;
  watches: number;
  /** Processor time of the server for each, all its threads. */
  serverMs: number;
  /** The same of this process. */
  clientMs: number;
}

const WATCHES = 10;
/** Requests that are under way at a time. */
const AT_ONCE = 50;
/** With its metadata an object has 2 KB. */
const PAYLOAD = "x".repeat(1_700);
const PATH = "/api/v1/namespaces/default/configmaps";
const PREFIX = "created-";
/** All watches have seen everything so long after the last answer, or it is lost. */
const CATCH_UP_MS = 60_000;

/** Creates for so long. Throws when a watch has not seen each object once and in the order of versions. */
export async function creationRate(
  nativeDirectory: string,
  { seconds }: { seconds: number },
): Promise<CreationRate> {
  await using own = await StandaloneDirectory.make();
  const directory = own.path;
  await using standalone = await StandaloneProcess.start({
    directory,
    nativeDirectory,
    images: [],
  });
  const connection = await kubeconfigConnection(standalone.kubeconfigPath);
  await measure(connection, { seconds: Math.min(1, seconds), prefix: "warm-up-" });
  const before = await cpuSeconds(standalone.pid);
  const ownBefore = await cpuSeconds(Deno.pid);
  const { objects, elapsedMs } = await measure(connection, { seconds, prefix: PREFIX });
  const cpuMs = (after: number, before: number) => 1_000 * (after - before) / objects;
  return {
    perSecond: 1_000 * objects / elapsedMs,
    objects,
    watches: WATCHES,
    serverMs: cpuMs(await cpuSeconds(standalone.pid), before),
    clientMs: cpuMs(await cpuSeconds(Deno.pid), ownBefore),
  };
}

async function measure(
  connection: Connection,
  { seconds, prefix }: { seconds: number; prefix: string },
): Promise<{ objects: number; elapsedMs: number }> {
  const { server, caCerts, cert = "", key = "" } = connection;
  using client = Deno.createHttpClient({
    caCerts,
    cert,
    key,
    http2: false,
    poolMaxIdlePerHost: AT_ONCE,
  });
  const ask = (query: string, init: RequestInit = {}) =>
    fetch(`${server}${PATH}${query}`, { ...init, client });
  const list = await (await ask("?limit=1")).json();
  const from = list.metadata.resourceVersion;
  const watches: Watch[] = [];
  for (let each = 0; each < WATCHES; each++) {
    const response = await ask(`?watch=true&resourceVersion=${from}`);
    assert.equal(response.status, 200);
    watches.push(new Watch(response.body!.getReader(), prefix));
  }
  const startMs = performance.now();
  const created: number[] = [];
  const create = async () => {
    while (performance.now() - startMs < seconds * 1_000) {
      const metadata = { name: `${prefix}${crypto.randomUUID()}` };
      const body = JSON.stringify({ metadata, data: { payload: PAYLOAD } });
      const headers = { "content-type": "application/json" };
      const response = await ask("", { method: "POST", headers, body });
      const answer = await response.text();
      assert.equal(response.status, 201, answer);
      const { metadata: { resourceVersion } } = JSON.parse(answer);
      created.push(Number(resourceVersion));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, create));
  const objects = created.length;
  const seen = await Promise.all(watches.map((watch) => watch.until(objects)));
  const elapsedMs = performance.now() - startMs;
  created.sort((a, b) => a - b);
  for (const versions of seen) {
    const wrong = created.findIndex((version, index) => versions[index] !== version);
    assert.equal(wrong, -1, `after ${wrong} a watch saw ${versions[wrong]}, not ${created[wrong]}`);
    assert.equal(versions.length, objects);
  }
  return { objects, elapsedMs };
}

/** Reads from its beginning, whoever waits for it. */
class Watch {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #prefix: string;
  readonly #versions: number[] = [];
  readonly #ended: Promise<void>;
  #wanted = Infinity;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, prefix: string) {
    this.#reader = reader;
    this.#prefix = prefix;
    this.#ended = this.#read();
    this.#ended.catch(() => {}); // who waits is told
  }

  /** Resolves with the versions of the creations when there are that many, and leaves. */
  async until(count: number): Promise<number[]> {
    this.#wanted = count;
    if (this.#versions.length >= count) await this.#reader.cancel();
    const timer = setTimeout(() => void this.#reader.cancel(), CATCH_UP_MS);
    await this.#ended;
    clearTimeout(timer);
    return this.#versions;
  }

  async #read(): Promise<void> {
    const decoder = new LineDecoder({ lineBytesMax: WATCH_LINE_BYTES_MAX });
    while (this.#versions.length < this.#wanted) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      for (const line of decoder.push(value)) this.#see(JSON.parse(line));
    }
    await this.#reader.cancel();
  }

  #see({ type, object }: WatchEvent<KubeObject>): void {
    if (type === "BOOKMARK") return;
    if (!object.metadata.name.startsWith(this.#prefix)) return;
    assert.equal(type, "ADDED");
    this.#versions.push(Number(object.metadata.resourceVersion));
  }
}
