import assert from "node:assert/strict";
import {
  advanceAuthority,
  type Authority,
  authorityData,
  bundleOf,
  dueAction,
  readAuthority,
} from "./ca.ts";
import { AUTHORITY_LIFE_MS, PUBLISHED_MS } from "./decide.ts";
import { issueServiceCredential } from "./issue.ts";
import {
  createAuthority,
  createSigningRequest,
  generateKeyPair,
  isSignedBy,
  issueLeaf,
  readCertificate,
  readSigningRequest,
  signSigningRequest,
  splitBundle,
} from "./x509.ts";

const T = Date.UTC(2026, 0, 1);

function secret(authority: Authority) {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "kubevirt-ca", uid: "u" },
    data: authorityData(authority),
  };
}

Deno.test("authority: a whole rotation keeps every leaf believed", async () => {
  let nowMs = T;
  let authority: Authority | undefined;
  const steps: string[] = [];
  let leaf = "";
  for (; nowMs < T + 2 * AUTHORITY_LIFE_MS; nowMs += PUBLISHED_MS * 3) {
    const action = dueAction(authority, nowMs);
    if (action === "keep") continue;
    steps.push(action);
    authority = await advanceAuthority(authority, { action, nowMs });
    assert.ok(authority);
    authority = readAuthority(secret(authority));
    assert.ok(authority);
    const bundle = splitBundle(bundleOf(authority, nowMs));
    if (leaf !== "") {
      const believed = await Promise.all(bundle.map((pem) => isSignedBy(leaf, pem)));
      assert.ok(believed.includes(true), `${action}: the leaf of before is believed`);
    }
    const issued = await issueServiceCredential(authority.current, {
      service: "virt-api",
      namespace: "kubevirt",
      nowMs,
    });
    leaf = issued.certificate;
    assert.ok(
      readCertificate(leaf).notAfter <= readCertificate(authority.current.certificate).notAfter,
    );
  }
  assert.deepEqual(steps, [
    "create",
    "publish_next",
    "promote_next",
    "publish_next",
    "promote_next",
  ]);
});

Deno.test("readAuthority() takes a damaged secret for an empty one", () => {
  const metadata = { name: "kubevirt-ca", uid: "u" };
  const base = { apiVersion: "v1", kind: "Secret", metadata };
  assert.equal(readAuthority(undefined), undefined);
  assert.equal(readAuthority({ ...base, data: { "tls.crt": "%", "tls.key": "%" } }), undefined);
  assert.equal(
    readAuthority({ ...base, data: { "tls.crt": btoa("x"), "tls.key": btoa("x") } }),
    undefined,
  );
});

Deno.test("x509: a name cannot add fields to a subject", async () => {
  const validity = { notBefore: new Date(T), notAfter: new Date(T + 1000) };
  const authority = await createAuthority("ca", validity);
  const leaf = await issueLeaf(authority, {
    commonName: "a, O=system:masters",
    usage: "client",
    validity,
  });
  assert.equal(readCertificate(leaf.certificate).commonName, "a, O=system:masters");
});

Deno.test("x509: a signing request is read and signed with what the signer says", async () => {
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
  const authority = await createAuthority("ca", validity);
  const certificate = await signSigningRequest(authority, {
    signingRequest: request,
    commonName: facts.commonName,
    usage: "server",
    names: { ip: ["10.0.0.1"] },
    validity,
  });
  assert.deepEqual(readCertificate(certificate).names, { ip: ["10.0.0.1"], dns: [] });
  assert.ok(await isSignedBy(certificate, authority.certificate));
  await assert.rejects(readSigningRequest("nonsense"), TypeError);
});
