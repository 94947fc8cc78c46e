import assert from "node:assert/strict";
import type { TlsRequest } from "../runtime/mutual_tls_server.ts";
import { accessReview } from "./authorization.ts";
import { identityOf, readFrontProxy } from "./front_proxy.ts";
import { parseSubresourcePath } from "./route.ts";

const proxy = readFrontProxy({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "extension-apiserver-authentication", namespace: "kube-system", uid: "u" },
  data: {
    "requestheader-client-ca-file": "PEM",
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
  },
});

function request(headers: Record<string, string[]>, peer = true): TlsRequest {
  return {
    method: "PUT",
    path: "/",
    query: new URLSearchParams(),
    headers: new Map(Object.entries(headers)),
    body: new Uint8Array(),
    peer: peer ? { commonName: "front-proxy-client" } : undefined,
    signal: AbortSignal.timeout(1000),
  };
}

const JANE = {
  "x-remote-user": ["jane"],
  "x-remote-group": ["a", "b"],
  "x-remote-extra-example.org%2fscope": ["read"],
};

Deno.test("identityOf() reads the user, all groups and extras", () => {
  assert.deepEqual(identityOf(request(JANE), proxy), {
    user: "jane",
    groups: ["a", "b"],
    extra: { "example.org/scope": ["read"] },
  });
});

Deno.test("identityOf() believes no headers of a caller that is not the front proxy", () => {
  assert.equal(identityOf(request(JANE, false), proxy), undefined);
  assert.equal(identityOf(request({}), proxy), undefined);
  assert.equal(identityOf(request(JANE), readFrontProxy(undefined)), undefined);
});

Deno.test("parseSubresourcePath() takes paths of ours apart, and no others", () => {
  const base = "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachineinstances/x";
  assert.deepEqual(parseSubresourcePath(`${base}/vnc/screenshot`), {
    version: "v1",
    namespace: "n",
    resource: "virtualmachineinstances",
    name: "x",
    subresource: "vnc/screenshot",
  });
  const bad = [
    base,
    `${base}/`,
    `${base}//console`,
    "/apis/kubevirt.io/v1/namespaces/n/virtualmachines/x/start",
    "/apis/subresources.kubevirt.io/v2/namespaces/n/virtualmachines/x/start",
    "/apis/subresources.kubevirt.io/v1/namespaces/../virtualmachines/x/start",
    "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachines/%2e%2e/start",
  ];
  for (const path of bad) assert.equal(parseSubresourcePath(path), undefined, path);
  const whole = "/apis/subresources.kubevirt.io/v1/namespaces/n/expand-vm-spec";
  assert.deepEqual(parseSubresourcePath(whole), {
    version: "v1",
    namespace: "n",
    resource: "expand-vm-spec",
    name: "",
    subresource: "",
  });
  assert.equal(parseSubresourcePath(`${whole}/x`), undefined);
});

Deno.test("accessReview() asks for the joined subresource with the method's verb", () => {
  const identity = identityOf(request(JANE), proxy);
  const path = parseSubresourcePath(
    "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachines/x/start",
  );
  assert.ok(identity !== undefined && path !== undefined);
  const review = accessReview(identity, { method: "PUT", path }) as {
    spec: Record<string, unknown>;
  };
  assert.deepEqual(review.spec.resourceAttributes, {
    group: "subresources.kubevirt.io",
    version: "v1",
    namespace: "n",
    resource: "virtualmachines",
    subresource: "start",
    name: "x",
    verb: "update",
  });
  assert.equal(accessReview(identity, { method: "BREW", path }), undefined);
});
