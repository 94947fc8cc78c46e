import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  createSigningRequest,
  generateKeyPair,
  readSigningRequest,
  signSigningRequest,
} from "./signing_request.ts";
import { createAuthority, isSignedBy } from "./x509.ts";

const T = Date.UTC(2026, 0, 1);

Deno.test("readSigningRequest() reads what was asked for; it is signed with what the signer says", async () => {
  const keys = await generateKeyPair();
  const request = await createSigningRequest(keys, {
    commonName: "system:denovirt-node:n",
    names: { ip: ["10.0.0.1", "fd00::1"], dns: ["n"] },
  });
  const facts = await readSigningRequest(request);
  assert.deepEqual(facts, {
    commonName: "system:denovirt-node:n",
    organizations: [],
    names: { ip: ["10.0.0.1", "fd00::1"], dns: ["n"] },
    otherNames: [],
  });
  const validity = { notBefore: new Date(T), notAfter: new Date(T + 1000) };
  const authority = createAuthority("ca", validity);
  const certificate = signSigningRequest(authority, {
    signingRequest: request,
    commonName: facts.commonName,
    usage: "server",
    names: { ip: ["10.0.0.1"] },
    validity,
  });
  const seen = new X509Certificate(certificate);
  assert.equal(seen.subjectAltName, "IP Address:10.0.0.1");
  assert.deepEqual(
    new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey)),
    new Uint8Array(seen.publicKey.export({ type: "spki", format: "der" })),
  );
  assert.ok(isSignedBy(certificate, authority.certificate));
  await assert.rejects(readSigningRequest("nonsense"), TypeError);
});
