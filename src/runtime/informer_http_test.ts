/** The informer on the real client and a real HTTP server that does what networks and servers do. */
import assert from "node:assert/strict";
import { GADGETS } from "../kube/client_contract.ts";
import { FetchClient } from "../kube/fetch_client.ts";
import type { KubeObject } from "../kube/object.ts";
import {
  jsonResponse,
  ScriptedServer,
  type ScriptedStream,
  scriptedStream,
  statusResponse,
} from "../kube/testing/scripted_server.ts";
import { Informer } from "./informer.ts";
import { SILENT_LOGGER } from "./log.ts";
import { eventually } from "./testing/eventually.ts";

type Answer = (url: URL) => Response | Promise<Response>;

function item(name: string, resourceVersion: string): KubeObject {
  return {
    apiVersion: "contract.denovirt.io/v1",
    kind: "Gadget",
    metadata: { name, namespace: "ns", uid: name, resourceVersion },
  };
}

function listOf(resourceVersion: string, ...items: KubeObject[]): Answer {
  return () => jsonResponse({ metadata: { resourceVersion }, items });
}

function line(type: string, object: unknown): string {
  return JSON.stringify({ type, object }) + "\n";
}

/** Answers lists and watches from two scripts; the last entry of each is repeated. */
class Scene implements AsyncDisposable {
  /** `list`, or the version that a watch resumes from. */
  readonly seen: string[] = [];
  readonly lists: Answer[];
  readonly watches: Answer[];
  readonly server = new ScriptedServer((_request, url) => {
    const watching = url.searchParams.has("watch");
    this.seen.push(watching ? `watch ${url.searchParams.get("resourceVersion")}` : "list");
    const script = watching ? this.watches : this.lists;
    const answer = script.length > 1 ? script.shift() : script[0];
    return answer?.(url) ?? statusResponse(500, "InternalError");
  });
  readonly client: FetchClient;
  readonly informer: Informer<KubeObject>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(script: { lists: Answer[]; watches: Answer[]; requestTimeoutMs?: number }) {
    this.lists = script.lists;
    this.watches = script.watches;
    const connection = { server: this.server.origin, caCerts: [] };
    const { requestTimeoutMs = 30_000 } = script;
    const limits = { requestTimeoutMs, watchLineBytesMax: 4_096 };
    this.client = new FetchClient({ connection, userAgent: "denovirt-test/1", ...limits });
    const { client } = this;
    const backoff = { baseMs: 1, maxMs: 5 };
    const options = { client, resource: GADGETS, logger: SILENT_LOGGER, backoff };
    this.informer = new Informer(options);
    this.#running = this.informer.run(this.#stop.signal);
  }

  names(): string {
    return this.informer.list().map((object) => object.metadata.name).sort().join();
  }

  /** Resolves when the cache holds just these. */
  holds(names: string): Promise<void> {
    return eventually(`it holds ${names}`, () => this.names() === names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.client[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** A stream to answer a watch with. */
function watchWith(...lines: string[]): { answer: Answer; stream: ScriptedStream } {
  const stream = scriptedStream();
  for (const each of lines) stream.send(each);
  return { answer: () => stream.response, stream };
}

Deno.test("informer over HTTP resumes after a cut in the middle of a line", async () => {
  const first = watchWith(line("ADDED", item("a", "2")));
  const second = watchWith(line("ADDED", item("b", "3")));
  await using scene = new Scene({ lists: [listOf("1")], watches: [first.answer, second.answer] });
  await scene.holds("a");
  first.stream.send(line("ADDED", item("half", "3")).slice(0, 30));
  first.stream.cut();
  await scene.holds("a,b");
  assert.deepEqual(scene.seen, ["list", "watch 1", "watch 2"]);
});

Deno.test("informer over HTTP resumes after a stream that ends in the middle of a line", async () => {
  const first = watchWith(line("ADDED", item("a", "2")), '{"type":"ADDED","obj');
  const second = watchWith(line("ADDED", item("b", "3")));
  await using scene = new Scene({ lists: [listOf("1")], watches: [first.answer, second.answer] });
  first.stream.end();
  await scene.holds("a,b");
  assert.deepEqual(scene.seen, ["list", "watch 1", "watch 2"]);
});

Deno.test("informer over HTTP relists on 410, as an answer and as a line", async () => {
  const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  const inLine = watchWith(line("ADDED", item("a", "2")), line("ERROR", gone));
  const last = watchWith();
  await using scene = new Scene({
    lists: [listOf("1"), listOf("7", item("b", "6")), listOf("9", item("c", "8"))],
    watches: [inLine.answer, () => jsonResponse(gone, { status: 410 }), last.answer],
  });
  await scene.holds("c");
  await eventually("it watches again", () => scene.seen.length === 6);
  assert.deepEqual(scene.seen, ["list", "watch 1", "list", "watch 7", "list", "watch 9"]);
});

Deno.test("informer over HTTP survives answers of 500 and pages of a proxy", async () => {
  const html = () =>
    new Response("<html>bad gateway</html>", {
      status: 502,
      headers: { "content-type": "text/html" },
    });
  const failure = () => statusResponse(500, "InternalError");
  const last = watchWith(line("ADDED", item("b", "3")));
  await using scene = new Scene({
    lists: [failure, html, listOf("1", item("a", "1"))],
    watches: [html, failure, last.answer],
  });
  await scene.holds("a,b");
  assert.deepEqual(scene.seen, ["list", "list", "list", "watch 1", "watch 1", "watch 1"]);
});

Deno.test("informer over HTTP gives up on a server that does not answer, and asks again", async () => {
  const silence = () => new Promise<Response>(() => {});
  const told: Answer = (url) => watchWith(line("ADDED", item("a", "2"))).answer(url);
  await using scene = new Scene({
    lists: [silence, listOf("1")],
    watches: [silence, told],
    requestTimeoutMs: 500,
  });
  await scene.holds("a");
  // A busy machine may be silent once more by itself.
  assert.match(scene.seen.join(), /^list(,list)+(,watch 1){2,}$/);
});

Deno.test("informer over HTTP hangs up on a huge line and stays with what it has", async () => {
  const huge = watchWith(line("ADDED", item("a", "2")), "x".repeat(10_000));
  const last = watchWith(line("ADDED", item("b", "3")));
  await using scene = new Scene({ lists: [listOf("1")], watches: [huge.answer, last.answer] });
  await huge.stream.cancelled;
  await scene.holds("a,b");
  assert.deepEqual(scene.seen, ["list", "watch 1", "watch 2"]);
});

Deno.test("informer over HTTP hangs up when it is stopped", async () => {
  const only = watchWith(line("ADDED", item("a", "2")));
  {
    await using scene = new Scene({ lists: [listOf("1")], watches: [only.answer] });
    await scene.holds("a");
  }
  await only.stream.cancelled;
});
