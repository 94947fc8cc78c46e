import assert from "node:assert/strict";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Socket } from "node:net";
import { createAuthority, issueLeaf } from "../../../certificates/x509.ts";
import { SYSTEM_CLOCK } from "../../../runtime/clock.ts";
import { FakeClock } from "../../../runtime/fake_clock.ts";
import { eventually } from "../../../runtime/testing/eventually.ts";
import type { Answer } from "./answer.ts";
import { askHttp, HEADER_BYTES_MAX, type HttpTarget, INFORMATION_MAX } from "./ask_http.ts";
import { listenOn } from "./testing/listen_on.ts";

/** Never reached: what is bounded otherwise ends before. */
const LONG_MS = 60_000;
const SUCCESS: Answer = { result: "success" };

function ask(target: Partial<HttpTarget> & { port: number }): Promise<Answer> {
  const { signal } = new AbortController();
  const whole: HttpTarget = {
    scheme: "http",
    host: "127.0.0.1",
    path: "/",
    headers: [],
    ...target,
  };
  return askHttp(whole, { timeoutMs: LONG_MS, signal, clock: SYSTEM_CLOCK });
}

for (
  const [status, isSuccess] of [
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [400, false],
    [404, false],
    [503, false],
  ] as const
) {
  Deno.test(`askHttp() takes status ${status} for a ${isSuccess ? "success" : "failure"}`, async () => {
    await using server = await listenOn(createHttpServer((_, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" }).end("body");
    }));
    const failure = { result: "failure", why: `HTTP status ${status}` };
    assert.deepEqual(await ask(server), isSuccess ? SUCCESS : failure);
  });
}

const REQUESTS: [criterion: string, target: Partial<HttpTarget>, url: string, headers: object][] = [
  ["says who it is", {}, "/", { "user-agent": "kube-probe/denovirt", accept: "*/*" }],
  ["keeps a query", { path: "/healthz?deep=1" }, "/healthz?deep=1", {}],
  ["takes a path without a slash", { path: "healthz" }, "/healthz", {}],
  ["asks no other host that a path names", { path: "//192.0.2.1/x" }, "/x", {}],
  [
    "sends the headers that are asked for",
    {
      headers: [
        { name: "X-Token", value: "a" },
        { name: "x-token", value: "b" },
        { name: "User-Agent", value: "mine" },
        { name: "Accept", value: "" },
        { name: "Host", value: "guest.example" },
      ],
    },
    "/",
    { "x-token": "a, b", "user-agent": "mine", accept: undefined, host: "guest.example" },
  ],
];

for (const [criterion, target, url, headers] of REQUESTS) {
  Deno.test(`askHttp() ${criterion}`, async () => {
    let seen: IncomingMessage | undefined;
    await using server = await listenOn(createHttpServer((request, response) => {
      seen = request;
      response.end();
    }));
    assert.deepEqual(await ask({ ...target, port: server.port }), SUCCESS);
    assert.equal(seen?.method, "GET");
    assert.equal(seen?.url, url);
    const host = `127.0.0.1:${server.port}`;
    for (const [name, value] of Object.entries({ host, ...headers })) {
      assert.equal(seen?.headers[name], value, name);
    }
  });
}

for (
  const [criterion, headers, path] of [
    ["a header that would be two", [{ name: "X", value: "a\r\nHost: b" }], "/"],
    ["a header without a name", [{ name: "", value: "a" }], "/"],
    ["a path that is none", [], "http://[/"],
  ] as const
) {
  Deno.test(`askHttp() does not send ${criterion}, and that counts for nothing`, async () => {
    let isAsked = false;
    await using server = await listenOn(createHttpServer((_, response) => {
      isAsked = true;
      response.end();
    }));
    const answer = await ask({ headers, path, port: server.port });
    assert.equal(answer.result, "unknown");
    assert.ok(!isAsked);
  });
}

Deno.test("askHttp() takes a guest's certificate as it is, another's and past", async () => {
  const past = {
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2021-01-01T00:00:00Z"),
  };
  const authority = createAuthority("nobody", past);
  const names = { dns: ["other.example"] };
  const leaf = issueLeaf(authority, {
    commonName: "other",
    usage: "server",
    names,
    validity: past,
  });
  const credential = { cert: leaf.certificate, key: leaf.key };
  await using server = await listenOn(createHttpsServer(credential, (_, response) => {
    response.writeHead(202).end();
  }));
  assert.deepEqual(await ask({ scheme: "https", port: server.port }), SUCCESS);
  assert.equal((await ask({ scheme: "http", port: server.port })).result, "failure");
});

Deno.test("askHttp() fails where nobody listens", async () => {
  const server = await listenOn(createServer());
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await ask(server), { result: "failure", why: "connection refused" });
});

/** Bytes of a guest that wants to be listened to for ever. */
const ENDLESS: [criterion: string, begin: string, goOn: string, why?: string][] = [
  [
    "headers",
    "HTTP/1.1 200 OK\r\n",
    `X: ${"x".repeat(1_000)}\r\n`,
    "headers longer than are read",
  ],
  ["one header", "HTTP/1.1 200 OK\r\nX: ", "x".repeat(1_000), "headers longer than are read"],
  ["a status line", "HTTP/1.1 200 ", "x".repeat(1_000)],
  ["announcements of an answer", "", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ["permissions to go on", "", "HTTP/1.1 100 Continue\r\n\r\n"],
  ["what is not HTTP", "SSH-2.0-x\r\n", "x".repeat(1_000), "an answer that is not HTTP"],
];

for (const [criterion, begin, goOn, why] of ENDLESS) {
  Deno.test(`askHttp() does not listen to ${criterion} without an end`, async () => {
    let isHeard = true;
    await using server = await listenOn(createServer((socket) => {
      socket.on("error", () => {}).on("close", () => isHeard = false);
      socket.once("data", () => speak(socket, begin, goOn));
    }));
    const answer = await ask(server);
    assert.equal(answer.result, "failure");
    if (why !== undefined) assert.deepEqual(answer, { result: "failure", why });
    await eventually("the connection is closed", () => !isHeard);
  });
}

Deno.test("askHttp() hears of an answer that is announced, within bounds", async () => {
  const announced = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(INFORMATION_MAX);
  const header = `X: ${"x".repeat(HEADER_BYTES_MAX / 2)}\r\n`;
  await using server = await listenOn(createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(`${announced}HTTP/1.1 200 OK\r\n${header}\r\n`));
  }));
  assert.deepEqual(await ask(server), SUCCESS);
});

Deno.test("askHttp() does not wait for a body", async () => {
  let isHeard = true;
  await using server = await listenOn(createServer((socket) => {
    socket.on("error", () => {}).on("close", () => isHeard = false);
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"));
  }));
  assert.deepEqual(await ask(server), SUCCESS);
  await eventually("the connection is closed", () => !isHeard);
});

Deno.test("askHttp() fails when a guest switches protocols", async () => {
  await using server = await listenOn(createServer((socket) => {
    socket.on("error", () => {});
    const line = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    socket.once("data", () => socket.write(line));
  }));
  assert.equal((await ask(server)).result, "failure");
});

Deno.test("askHttp() fails when its time is over before there is an answer", async () => {
  const clock = new FakeClock();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  await using server = await listenOn(createServer((socket) => {
    socket.on("error", () => {}).once("data", () => resolve());
  }));
  const target: HttpTarget = {
    scheme: "http",
    host: "127.0.0.1",
    port: server.port,
    path: "/",
    headers: [],
  };
  const { signal } = new AbortController();
  const answer = askHttp(target, { timeoutMs: 3_000, signal, clock });
  await asked;
  clock.advance(3_000);
  assert.deepEqual(await answer, { result: "failure", why: "no answer within 3 s" });
  assert.equal(clock.timerCount, 0);
});

function speak(socket: Socket, begin: string, goOn: string): void {
  socket.write(begin);
  const go = () => {
    while (!socket.destroyed && socket.write(goOn));
  };
  socket.on("drain", go);
  go();
}
