import assert from "node:assert/strict";
import { request, type RequestOptions } from "node:https";
import { CLOCK_SKEW_MS, createAuthority, issueLeaf } from "../../../certificates/x509.ts";
import type { TlsCredential } from "../../../runtime/caller_proof.ts";
import { Authenticator } from "../access/identity.ts";
import { textAnswer } from "./api_request.ts";
import { ApiListener, type ListenerOptions } from "./listener.ts";

const NOW_MS = Date.now();
const VALIDITY = {
  notBefore: new Date(NOW_MS - CLOCK_SKEW_MS),
  notAfter: new Date(NOW_MS + 3_600_000),
};
const AUTHORITY = createAuthority("test", VALIDITY);
const SERVING = issueLeaf(AUTHORITY, {
  commonName: "server",
  usage: "server",
  names: { ip: ["127.0.0.1"] },
  validity: VALIDITY,
});
const JANE = issueLeaf(AUTHORITY, { commonName: "jane", usage: "client", validity: VALIDITY });

/** Answers everybody with who he is. */
async function listen(
  proven: Promise<void>,
  options: Pick<ListenerOptions, "upgrade" | "onError"> = {},
): Promise<ApiListener> {
  return await ApiListener.listen({
    ...options,
    handle: ({ user }) => Promise.resolve(textAnswer(200, user?.username ?? "")),
    authenticator: new Authenticator([]),
    tls: { ...SERVING, clientCas: [AUTHORITY.certificate] },
    proven,
    hostname: "127.0.0.1",
    port: 0,
  });
}

async function whoIs(caller: TlsCredential | undefined, listener: ApiListener): Promise<string> {
  return await ask("/", {
    listener,
    ...(caller === undefined ? {} : { cert: caller.certificate, key: caller.key }),
  });
}

async function ask(
  path: string,
  { listener: { port }, ...options }: { listener: ApiListener } & RequestOptions,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const asking = request({
      ...options,
      hostname: "127.0.0.1",
      port,
      path,
      ca: [AUTHORITY.certificate],
      agent: false,
    }, (response) => {
      let text = "";
      response.on("data", (part: Uint8Array) => text += new TextDecoder().decode(part));
      response.on("end", () => resolve(text));
    });
    asking.on("error", reject);
    asking.end();
  });
}

Deno.test("ApiListener lets who shows a certificate wait until it is proven that callers are told apart", async () => {
  const { promise: proven, resolve: prove } = Promise.withResolvers<void>();
  await using listener = await listen(proven);
  let answered = false;
  const jane = whoIs(JANE, listener).finally(() => answered = true);
  // Who shows none does not wait; several, so that hers would have been answered meanwhile.
  for (let call = 0; call < 3; call++) {
    assert.equal(await whoIs(undefined, listener), "system:anonymous");
  }
  assert.ok(!answered);
  prove();
  assert.equal(await jane, "jane");
  assert.equal(await whoIs(JANE, listener), "jane");
});

Deno.test("ApiListener knows nobody by a certificate where the proof fails", async () => {
  const proven = Promise.reject(new Error("callers cannot be told apart"));
  proven.catch(() => {});
  await using listener = await listen(proven);
  for (const caller of [JANE, undefined]) {
    assert.equal(await whoIs(caller, listener), "system:anonymous");
  }
});

Deno.test("ApiListener outlives an upgrade that fails, tells of it and hangs up", async () => {
  const told: string[] = [];
  await using listener = await listen(Promise.resolve(), {
    upgrade: () => Promise.reject(new Error("the server stops")),
    onError: (message, error) => told.push(`${message}: ${(error as Error).message}`),
  });
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  await assert.rejects(ask("/console", { listener, headers }));
  assert.deepEqual(told, ["Cannot answer GET /console: the server stops"]);
  assert.equal(await whoIs(undefined, listener), "system:anonymous");
});

Deno.test("ApiListener takes it for no failure when who asks for an upgrade leaves meanwhile", async () => {
  const told: string[] = [];
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using listener = await listen(Promise.resolve(), {
    upgrade: async ({ signal }) => {
      asked.resolve();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      left.resolve();
      throw signal.reason;
    },
    onError: (message) => told.push(message),
  });
  const leave = new AbortController();
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  const asking = ask("/console", { listener, headers, signal: leave.signal });
  await asked.promise;
  leave.abort();
  await assert.rejects(asking);
  await left.promise;
  assert.equal(await whoIs(undefined, listener), "system:anonymous");
  assert.deepEqual(told, []);
});
