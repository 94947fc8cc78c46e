import assert from "node:assert/strict";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import WebSocket from "ws";
import { mintStranger } from "../certificates/stranger.ts";
import { createAuthority, issueLeaf, type KeyPairPem } from "../certificates/x509.ts";
import {
  MutualTlsServer,
  type MutualTlsServerOptions,
  type TlsTrust,
} from "./mutual_tls_server.ts";

const HOUR_MS = 3_600_000;
const validity = {
  notBefore: new Date(Date.now() - HOUR_MS),
  notAfter: new Date(Date.now() + HOUR_MS),
};
const serving = createAuthority("serving-ca", validity);
const clients = createAuthority("client-ca", validity);
const foreign = createAuthority("client-ca", validity);
const credential = issueLeaf(serving, {
  commonName: "server",
  usage: "server",
  names: { ip: ["127.0.0.1"], dns: ["localhost"] },
  validity,
});

function client(authority: KeyPairPem, commonName = "proxy"): KeyPairPem {
  return issueLeaf(authority, { commonName, usage: "client", validity });
}

function trust(overrides: Partial<TlsTrust> = {}): TlsTrust {
  return {
    credential,
    clientCas: [clients.certificate],
    allowedCommonNames: ["proxy"],
    ...overrides,
  };
}

async function serve(overrides: Partial<MutualTlsServerOptions> = {}): Promise<MutualTlsServer> {
  const server = new MutualTlsServer({
    hostname: "127.0.0.1",
    port: 0,
    trust: trust(),
    stranger: mintStranger,
    isPublic: (_method, path) => path === "/public",
    handle: (request) => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        peer: request.peer?.commonName ?? null,
        path: request.path,
        query: request.query.get("q"),
        groups: request.headers.get("x-remote-group") ?? [],
        length: request.body.length,
      }),
    }),
    ...overrides,
  });
  await server.start();
  return server;
}

async function call(
  server: MutualTlsServer,
  path: string,
  options: { as?: KeyPairPem; body?: string; headers?: [string, string][]; ca?: string } = {},
): Promise<{ status: number; body: Record<string, unknown> | string }> {
  const identity = options.as === undefined
    ? {}
    : { cert: options.as.certificate, key: options.as.key };
  using http = Deno.createHttpClient({
    caCerts: [options.ca ?? serving.certificate],
    ...identity,
  });
  const response = await fetch(`https://127.0.0.1:${server.port}${path}`, {
    client: http,
    ...(options.body === undefined ? {} : { method: "POST", body: options.body }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  });
  const body = await response.text();
  return { status: response.status, body: body.startsWith("{") ? JSON.parse(body) : body };
}

Deno.test("mutual_tls_server identifies a caller by its verified certificate", async () => {
  await using server = await serve();
  const answer = await call(server, "/x?q=1", {
    as: client(clients),
    headers: [["X-Remote-Group", "a"], ["X-Remote-Group", "b"]],
  });
  assert.equal(answer.status, 200);
  const body = answer.body as Record<string, unknown>;
  assert.equal(body.peer, "proxy");
  assert.equal(body.path, "/x");
  assert.equal(body.query, "1");
  assert.deepEqual((body.groups as string[]).join(",").replaceAll(" ", ""), "a,b");
});

Deno.test("mutual_tls_server refuses strangers and lets them see public paths as nobody", async () => {
  await using server = await serve();
  const expired = issueLeaf(clients, {
    commonName: "proxy",
    usage: "client",
    validity: { notBefore: new Date(Date.now() - 2 * HOUR_MS), notAfter: validity.notBefore },
  });
  const strangers: [string, KeyPairPem | undefined][] = [
    ["no certificate", undefined],
    ["a foreign authority of the same name", client(foreign)],
    ["a name that is not allowed", client(clients, "somebody-else")],
    ["an expired certificate", expired],
    ["the server's own certificate", credential],
  ];
  for (const [who, as] of strangers) {
    const options = as === undefined ? {} : { as };
    const refused = await call(server, "/x", options);
    assert.equal(refused.status, 401, who);
    const seen = await call(server, "/public", options);
    assert.equal(seen.status, 200, who);
    assert.equal((seen.body as Record<string, unknown>).peer, null, who);
  }
});

Deno.test("mutual_tls_server identifies nobody when there is no client authority", async () => {
  await using server = await serve({ trust: trust({ clientCas: [] }) });
  assert.equal((await call(server, "/x", { as: client(clients) })).status, 401);
});

Deno.test("mutual_tls_server does not serve when its proof finds a stranger identified", async () => {
  const server = new MutualTlsServer({
    hostname: "127.0.0.1",
    port: 0,
    trust: trust(),
    stranger: () => ({
      credential: client(clients),
      authority: clients.certificate,
    }),
    isPublic: () => true,
    handle: () => ({ status: 200 }),
  });
  await assert.rejects(server.start(), /Cannot serve: stranger must not be identified/);
  assert.throws(() => server.port, /not listening/);
});

Deno.test("mutual_tls_server does not serve when its proof recognises nobody at all", async () => {
  const strangers: [string, KeyPairPem][] = [
    ["signed by somebody else than is said", client(foreign)],
    ["unable to show a certificate", { certificate: "none", key: "none" }],
  ];
  for (const [what, credential] of strangers) {
    const server = new MutualTlsServer({
      hostname: "127.0.0.1",
      port: 0,
      trust: trust(),
      stranger: () => ({ credential, authority: serving.certificate }),
      isPublic: () => true,
      handle: () => ({ status: 200 }),
    });
    await assert.rejects(server.start(), /must identify a caller by its certificate/);
    assert.throws(() => server.port, /not listening/, what);
  }
});

Deno.test("mutual_tls_server may serve public paths alone when its proof fails", async () => {
  const told: string[] = [];
  await using server = await serve({
    stranger: () => ({
      credential: client(foreign),
      authority: serving.certificate,
    }),
    unverifiableCallers: "refuse",
    upgrade: () => ({ accept: (socket) => socket.close() }),
    onError: (message, error) => told.push(`${message}: ${(error as Error).message}`),
  });
  assert.match(told.join(), /callers are refused.*: Cannot serve: the TLS stack must identify/);
  const as = client(clients);
  const seen = await call(server, "/public", { as });
  assert.equal(seen.status, 200);
  assert.equal((seen.body as Record<string, unknown>).peer, null);
  const refused = await call(server, "/x", { as });
  assert.deepEqual([refused.status, refused.body], [503, "This server cannot verify its callers"]);
});

Deno.test("mutual_tls_server.reload() changes certificate and authorities without a restart", async () => {
  await using server = await serve();
  const as = client(clients);
  assert.equal((await call(server, "/x", { as })).status, 200);
  const nextServing = createAuthority("next-serving-ca", validity);
  const nextCredential = issueLeaf(nextServing, {
    commonName: "server",
    usage: "server",
    names: { ip: ["127.0.0.1"] },
    validity,
  });
  server.reload(trust({ credential: nextCredential, clientCas: [foreign.certificate] }));
  const ca = nextServing.certificate;
  assert.equal((await call(server, "/x", { as, ca })).status, 401);
  assert.equal((await call(server, "/x", { as: client(foreign), ca })).status, 200);
  await assert.rejects(call(server, "/x", { as }));
});

Deno.test("mutual_tls_server.reload() stops believing open connections of a removed authority", async () => {
  await using server = await serve();
  const as = client(clients);
  using http = Deno.createHttpClient({
    caCerts: [serving.certificate],
    cert: as.certificate,
    key: as.key,
    poolMaxIdlePerHost: 1,
  });
  const url = `https://127.0.0.1:${server.port}/x`;
  assert.equal((await (await fetch(url, { client: http })).json()).peer, "proxy");
  server.reload(trust({ clientCas: [foreign.certificate] }));
  const status = await fetch(url, { client: http }).then(async (response) => {
    await response.body?.cancel();
    return response.status;
  }, () => "connection ended");
  assert.ok(status === 401 || status === "connection ended", String(status));
});

Deno.test("mutual_tls_server bounds bodies", async () => {
  await using server = await serve({ bodyBytesMax: 1000 });
  const as = client(clients);
  const fits = await call(server, "/x", { as, body: "a".repeat(1000) });
  assert.equal((fits.body as Record<string, unknown>).length, 1000);
  assert.equal((await call(server, "/x", { as, body: "a".repeat(1001) })).status, 413);
});

Deno.test("mutual_tls_server answers 500 and reports when the handler throws", async () => {
  const reported: string[] = [];
  await using server = await serve({
    handle: () => {
      throw new Error("broken");
    },
    onError: (message) => reported.push(message),
  });
  assert.equal((await call(server, "/x", { as: client(clients) })).status, 500);
  assert.deepEqual(reported, ["handler failed"]);
});

Deno.test("mutual_tls_server ends connections that never finish a handshake or a request head", async () => {
  await using server = await serve({ headersTimeoutMs: 200 });
  const silent = connect(server.port, "127.0.0.1");
  const slow = tlsConnect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
  slow.write("GET / HTTP/1.1\r\nHost: x\r\n");
  for (const socket of [silent, slow]) {
    socket.on("error", () => {});
    await new Promise<void>((resolve) => {
      if (socket.closed) return resolve();
      socket.on("close", () => resolve());
    });
  }
});

Deno.test("mutual_tls_server.close() lets a request finish, and then its connection", async () => {
  const began = Promise.withResolvers<AbortSignal>();
  const finish = Promise.withResolvers<void>();
  const server = await serve({
    handle: async (request) => {
      began.resolve(request.signal);
      await finish.promise;
      return { status: 200, body: "done" };
    },
  });
  const answer = call(server, "/x", { as: client(clients) });
  const signal = await began.promise;
  const closed = server.close();
  assert.equal(signal.aborted, false);
  finish.resolve();
  assert.deepEqual(await answer, { status: 200, body: "done" });
  await closed;
});

function open(
  server: MutualTlsServer,
  path: string,
  options: { as?: KeyPairPem; protocols?: string[] },
): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${server.port}${path}`, options.protocols ?? [], {
    ca: [serving.certificate],
    ...(options.as === undefined ? {} : { cert: options.as.certificate, key: options.as.key }),
    perMessageDeflate: false,
  });
}

function refusal(socket: WebSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    socket.on("error", reject);
    socket.on("open", () => reject(new Error("Cannot refuse: the websocket opened")));
  });
}

Deno.test("mutual_tls_server takes websockets of identified callers and echoes the chosen protocol", async () => {
  await using server = await serve({
    upgrade: (request) => ({
      protocol: "plain.kubevirt.io",
      accept: (socket) => {
        socket.send(`hello ${request.peer?.commonName} at ${request.path}`);
      },
    }),
  });
  const socket = open(server, "/console", {
    as: client(clients),
    protocols: ["base64url.bearer.token", "plain.kubevirt.io"],
  });
  const message = await new Promise<string>((resolve, reject) => {
    socket.on("message", (data) => resolve(String(data)));
    socket.on("error", reject);
  });
  assert.equal(message, "hello proxy at /console");
  assert.equal(socket.protocol, "plain.kubevirt.io");
  const code = new Promise<number>((resolve) => socket.on("close", resolve));
  await server.close();
  assert.equal(await code, 1001);
});

Deno.test("mutual_tls_server refuses websockets with an ordinary answer", async () => {
  await using server = await serve({
    upgrade: () => ({ refuse: { status: 409, body: "no" } }),
  });
  assert.equal(await refusal(open(server, "/x", {})), 401);
  assert.equal(await refusal(open(server, "/x", { as: client(foreign) })), 401);
  assert.equal(await refusal(open(server, "/x", { as: client(clients) })), 409);
});
