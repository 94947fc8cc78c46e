import assert from "node:assert/strict";
import {
  ConflictError,
  GoneError,
  InvalidError,
  KubeError,
  NotFoundError,
  UnreachableError,
} from "./client.ts";
import { CONFIG_MAPS, NODES, PODS } from "./core_resources.ts";
import { FetchClient, type FetchClientOptions } from "./fetch_client.ts";
import {
  jsonResponse,
  ScriptedServer,
  scriptedStream,
  statusResponse,
} from "./testing/scripted_server.ts";

const KEY = { namespace: "ns", name: "one" };
const POD = { apiVersion: "v1", kind: "Pod", metadata: { ...KEY, uid: "u", resourceVersion: "7" } };

function clientOf(
  server: { origin: string },
  options: Partial<FetchClientOptions> = {},
): FetchClient {
  const connection = { server: server.origin, caCerts: [] };
  return new FetchClient({ connection, userAgent: "denovirt-test/1", ...options });
}

function never(): Promise<Response> {
  return new Promise(() => {});
}

Deno.test("FetchClient names itself, its token and what it wants in each request", async () => {
  await using server = new ScriptedServer(() => jsonResponse(POD));
  let tokens = 0;
  const authorization = () => Promise.resolve(`Bearer token-${++tokens}`);
  const connection = { server: server.origin, caCerts: [], authorization };
  using client = clientOf(server, { connection });
  await client.get(PODS, KEY);
  await client.patch(PODS, KEY, { a: 1 }, { subresource: "status", fieldManager: "f" });
  const [get, patch] = server.requests;
  assert.equal(get?.headers.get("user-agent"), "denovirt-test/1");
  assert.equal(get?.headers.get("accept"), "application/json");
  assert.equal(get?.headers.get("authorization"), "Bearer token-1");
  assert.equal(patch?.headers.get("authorization"), "Bearer token-2");
  assert.equal(patch?.headers.get("content-type"), "application/merge-patch+json");
  assert.equal(patch?.method, "PATCH");
});

Deno.test("FetchClient addresses objects, collections and subresources", async () => {
  const seen: string[] = [];
  await using server = new ScriptedServer((request, url) => {
    seen.push(`${request.method} ${url.pathname}${url.search}`);
    return jsonResponse({ ...POD, items: [] });
  });
  using client = clientOf(server);
  await client.get(NODES, { name: "a/b" });
  await client.list(PODS, { limit: 5, labelSelector: "a=b,c", continue: "x y" });
  await client.list(PODS, { namespace: "ns" });
  await client.create(PODS, { metadata: KEY }, { subresource: "eviction", dryRun: true });
  await client.update(PODS, POD, { subresource: "status" });
  await client.patch(PODS, KEY, {}, { type: "apply", fieldManager: "m", force: true });
  await client.delete(PODS, KEY);
  await client.raw("GET", "/version?x=1");
  assert.deepEqual(seen, [
    "GET /api/v1/nodes/a%2Fb",
    "GET /api/v1/pods?limit=5&labelSelector=a%3Db%2Cc&continue=x+y",
    "GET /api/v1/namespaces/ns/pods",
    "POST /api/v1/namespaces/ns/pods/one/eviction?dryRun=All",
    "PUT /api/v1/namespaces/ns/pods/one/status",
    "PATCH /api/v1/namespaces/ns/pods/one?fieldManager=m&force=true",
    "DELETE /api/v1/namespaces/ns/pods/one",
    "GET /version?x=1",
  ]);
});

Deno.test("FetchClient throws the error that callers catch for each status", async () => {
  const causes = { causes: [{ field: "spec.x", message: "bad" }] };
  const rows: [number, object, new (...args: never[]) => Error][] = [
    [404, { reason: "NotFound" }, NotFoundError],
    [409, { reason: "Conflict" }, ConflictError],
    [410, { reason: "Expired" }, GoneError],
    [422, { reason: "Invalid" }, InvalidError],
    [400, { reason: "Invalid", details: causes }, InvalidError],
    [400, { reason: "BadRequest" }, KubeError],
    [503, { reason: "ServiceUnavailable" }, KubeError],
  ];
  for (const [code, body, type] of rows) {
    const status = { kind: "Status", code, message: "by the test", ...body };
    await using server = new ScriptedServer(() => jsonResponse(status, { status: code }));
    using client = clientOf(server);
    await assert.rejects(client.patch(PODS, KEY, {}), (error) => {
      assert.ok(error instanceof KubeError);
      assert.equal(error.constructor, type);
      assert.match(error.message, /^Cannot patch pods ns\/one: .*: got \d+: by the test$/);
      assert.equal(error.retriable, code === 503);
      return true;
    });
  }
});

Deno.test("FetchClient.get() does not take the 404 of a proxy for absence", async () => {
  await using server = new ScriptedServer(() =>
    new Response("404 page not found", { status: 404 })
  );
  using client = clientOf(server);
  await assert.rejects(client.get(PODS, KEY), NotFoundError);
  await assert.rejects(client.delete(PODS, KEY), NotFoundError);
});

Deno.test("FetchClient surfaces Retry-After and does not retry by itself", async () => {
  const headers = { "retry-after": "3" };
  await using server = new ScriptedServer(() => statusResponse(429, "TooManyRequests", headers));
  using client = clientOf(server);
  await assert.rejects(client.get(PODS, KEY), (error) => {
    assert.ok(error instanceof KubeError && error.retriable);
    assert.equal(error.retryAfterMs, 3_000);
    return true;
  });
  assert.equal(server.requests.length, 1);
});

Deno.test("FetchClient gives up on a server that does not answer", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer((_request, url) =>
    url.pathname === "/stuck" ? stream.response : never()
  );
  using hasty = clientOf(server, { requestTimeoutMs: 50 });
  const timeout = { name: "TimeoutError", message: /within 50 ms/ };
  await assert.rejects(hasty.raw("GET", "/silent"), timeout);
  // The server must have seen the request when time is up, or there is nothing to hang up.
  using client = clientOf(server, { requestTimeoutMs: 1_000 });
  stream.send("{");
  await assert.rejects(client.raw("GET", "/stuck"), { ...timeout, message: /within 1000 ms/ });
  await stream.cancelled;
});

Deno.test("FetchClient hands on the abort's own reason", async () => {
  await using server = new ScriptedServer(never);
  using client = clientOf(server);
  const stop = new AbortController();
  const reason = new Error("stopped by the test");
  const getting = client.get(PODS, KEY, { signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(getting, (error) => error === reason);
});

Deno.test("FetchClient bounds the size of an answer", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer(() => stream.response);
  using client = clientOf(server, { responseBytesMax: 10 });
  stream.send('"12345678901');
  await assert.rejects(client.raw("GET", "/"), /exceeds 10 bytes/);
  await stream.cancelled;
});

Deno.test("FetchClient follows no redirect: the token is for one server", async () => {
  await using server = new ScriptedServer(() => Response.redirect("http://127.0.0.1:9/"));
  using client = clientOf(server);
  await assert.rejects(client.get(PODS, KEY), /Cannot get pods ns\/one: /);
});

Deno.test("FetchClient says what failed when there is no connection", async () => {
  using client = clientOf({ origin: "http://127.0.0.1:1" });
  await assert.rejects(client.list(PODS), (error) => {
    assert.ok(error instanceof UnreachableError && error.cause instanceof Error);
    return /^Cannot list pods: /.test(error.message);
  });
});

function line(type: string, resourceVersion: string, extra: object = {}): string {
  const object = { ...POD, ...extra, metadata: { ...POD.metadata, resourceVersion } };
  return JSON.stringify({ type, object }) + "\n";
}

async function nextVersion(
  watch: AsyncIterator<{ object: { metadata: { resourceVersion?: string } } }>,
) {
  const { value } = await watch.next();
  return value?.object.metadata.resourceVersion;
}

Deno.test("FetchClient.watch() reads lines however they are cut into packets", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer(() => stream.response);
  using client = clientOf(server);
  const watch = client.watch(PODS);
  const bytes = new TextEncoder().encode(
    line("ADDED", "1", { note: "é日本🎉" }) + line("MODIFIED", "2"),
  );
  for (const byte of bytes) stream.send(Uint8Array.of(byte));
  stream.end();
  const first = await watch.next();
  assert.equal((first.value?.object as { note?: string }).note, "é日本🎉");
  assert.equal(await nextVersion(watch), "2");
  assert.deepEqual(await watch.next(), { done: true, value: undefined });
});

Deno.test("FetchClient.watch() asks for bookmarks and hands them on", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer(() => stream.response);
  using client = clientOf(server);
  const watch = client.watch(PODS, { namespace: "ns", resourceVersion: "5", timeoutSeconds: 9 });
  stream.send(line("BOOKMARK", "6"));
  assert.equal((await watch.next()).value?.type, "BOOKMARK");
  await watch.return?.(undefined);
  const { pathname, searchParams } = new URL(server.requests[0]?.url ?? "");
  assert.equal(pathname, "/api/v1/namespaces/ns/pods");
  assert.deepEqual(Object.fromEntries(searchParams), {
    resourceVersion: "5",
    timeoutSeconds: "9",
    watch: "true",
    allowWatchBookmarks: "true",
  });
});

Deno.test("FetchClient.watch() is not bound by the request timeout", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer((_request, url) =>
    url.searchParams.has("watch") ? stream.response : never()
  );
  using client = clientOf(server, { requestTimeoutMs: 1_000 });
  const watch = client.watch(PODS);
  stream.send(line("ADDED", "1"));
  assert.equal(await nextVersion(watch), "1");
  await assert.rejects(client.get(PODS, KEY), { name: "TimeoutError" });
  stream.send(line("ADDED", "2"));
  assert.equal(await nextVersion(watch), "2");
  await watch.return(undefined);
  await stream.cancelled;
});

Deno.test("FetchClient.watch() gives up on a server that does not accept it", async () => {
  await using server = new ScriptedServer(never);
  using client = clientOf(server, { requestTimeoutMs: 50 });
  await assert.rejects(client.watch(PODS).next(), { name: "TimeoutError" });
});

Deno.test("FetchClient.watch() throws on each way that a stream goes wrong", async () => {
  const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  const rows: [string, string, RegExp][] = [
    ["cut in a line", line("ADDED", "2").slice(0, 20), /Cannot watch pods: /],
    ["cut between lines", "", /Cannot watch pods: /],
    ["no JSON", "<html>\n", /Cannot watch pods: not a JSON line: got "<html>"/],
    ["no object", '{"type":"ADDED"}\n', /a line without object/],
    ["error", JSON.stringify({ type: "ERROR", object: gone }) + "\n", /got 410: too old/],
    ["huge line", "x".repeat(5_000), /at most 4096 bytes/],
  ];
  for (const [name, text, message] of rows) {
    const stream = scriptedStream();
    await using server = new ScriptedServer(() => stream.response);
    using client = clientOf(server, { watchLineBytesMax: 4_096 });
    const watch = client.watch(PODS);
    stream.send(line("ADDED", "1"));
    assert.equal(await nextVersion(watch), "1", name);
    stream.send(text);
    if (name.startsWith("cut")) stream.cut();
    await assert.rejects(watch.next(), message, name);
    if (!name.startsWith("cut")) await stream.cancelled;
  }
});

Deno.test("FetchClient.watch() takes an end inside a line for an error", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer(() => stream.response);
  using client = clientOf(server);
  const watch = client.watch(PODS);
  stream.send(line("ADDED", "1").slice(0, -1));
  stream.end();
  await assert.rejects(watch.next(), /ended inside a line/);
});

Deno.test("FetchClient.watch() throws GoneError for an ERROR event and for an answer of 410", async () => {
  const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  for (const event of [true, false]) {
    await using server = new ScriptedServer(() =>
      event
        ? new Response(JSON.stringify({ type: "ERROR", object: gone }) + "\n")
        : jsonResponse(gone, { status: 410 })
    );
    using client = clientOf(server);
    await assert.rejects(client.watch(CONFIG_MAPS).next(), GoneError);
  }
});

Deno.test("FetchClient.watch() hangs up when it is aborted in the middle", async () => {
  const stream = scriptedStream();
  await using server = new ScriptedServer(() => stream.response);
  using client = clientOf(server);
  const stop = new AbortController();
  const reason = new Error("stopped by the test");
  const watch = client.watch(PODS, { signal: stop.signal });
  stream.send(line("ADDED", "1"));
  assert.equal(await nextVersion(watch), "1");
  const next = watch.next();
  stop.abort(reason);
  await assert.rejects(next, (error) => error === reason);
  await stream.cancelled;
});
