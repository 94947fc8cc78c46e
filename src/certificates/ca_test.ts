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
import { isSignedBy, readValidity, splitBundle } from "./x509.ts";

const T = Date.UTC(2026, 0, 1);

function secret(authority: Authority) {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "kubevirt-ca", uid: "u" },
    data: authorityData(authority),
  };
}

Deno.test("authority: a whole rotation keeps every leaf believed", () => {
  let nowMs = T;
  let authority: Authority | undefined;
  const steps: string[] = [];
  let leaf = "";
  for (; nowMs < T + 2 * AUTHORITY_LIFE_MS; nowMs += PUBLISHED_MS * 3) {
    const action = dueAction(authority, nowMs);
    if (action === "keep") continue;
    steps.push(action);
    authority = advanceAuthority(authority, { action, nowMs });
    assert.ok(authority);
    authority = readAuthority(secret(authority));
    assert.ok(authority);
    const bundle = splitBundle(bundleOf(authority, nowMs));
    if (leaf !== "") {
      const believed = bundle.some((pem) => isSignedBy(leaf, pem));
      assert.ok(believed, `${action}: the leaf of before is believed`);
    }
    const issued = issueServiceCredential(authority.current, {
      service: "virt-api",
      namespace: "kubevirt",
      nowMs,
    });
    leaf = issued.certificate;
    assert.ok(
      readValidity(leaf).notAfter <= readValidity(authority.current.certificate).notAfter,
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
