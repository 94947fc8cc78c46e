import assert from "node:assert/strict";
import { request } from "node:https";
import { CLOCK_SKEW_MS, createAuthority, issueLeaf } from "../../../certificates/x509.ts";
import type { TlsCredential } from "../../../runtime/caller_proof.ts";
import { Authenticator } from "../access/identity.ts";
import { textAnswer } from "./api_request.ts";
import { ApiListener } from "./listener.ts";

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
async function listen(proven: Promise<void>): Promise<ApiListener> {
  return await ApiListener.listen({
    handle: ({ user }) => Promise.resolve(textAnswer(200, user?.username ?? "")),
    authenticator: new Authenticator([]),
    tls: { ...SERVING, clientCas: [AUTHORITY.certificate] },
    proven,
    hostname: "127.0.0.1",
    port: 0,
  });
}

async function whoIs(caller: TlsCredential | undefined, { port }: ApiListener): Promise<string> {
  return await new Promise((resolve, reject) => {
    const asking = request({
      hostname: "127.0.0.1",
      port,
      ca: [AUTHORITY.certificate],
      agent: false,
      ...(caller === undefined ? {} : { cert: caller.certificate, key: caller.key }),
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
