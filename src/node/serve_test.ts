import assert from "node:assert/strict";
import { AUTHORITY_NAME, BUNDLE_KEY } from "../certificates/ca.ts";
import { CLOCK_SKEW_MS, createAuthority, issueLeaf } from "../certificates/x509.ts";
import { CONFIG_MAPS } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import { JsonLogger } from "../runtime/log.ts";
import { ServedTrust } from "./serve.ts";
import type { NodeServer } from "./server.ts";

const NOW_MS = Date.now();
const VALIDITY = {
  notBefore: new Date(NOW_MS - CLOCK_SKEW_MS),
  notAfter: new Date(NOW_MS + 3_600_000),
};
const AUTHORITY = createAuthority("test", VALIDITY);
const CREDENTIAL = issueLeaf(AUTHORITY, {
  commonName: "node",
  usage: "server",
  names: { ip: ["127.0.0.1"] },
  validity: VALIDITY,
});

Deno.test("ServedTrust.followBundle() rejects when it cannot begin to serve: the certificate was there first", async () => {
  using taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const client = new FakeClient();
  const served = new ServedTrust({
    client,
    clock: { ...SYSTEM_CLOCK, setTimer: (callback) => SYSTEM_CLOCK.setTimer(callback, 10) },
    log: new JsonLogger({ level: "error" }),
    server: undefined as unknown as NodeServer,
    nodeName: "node",
    nodeIp: "127.0.0.1",
    port: (taken.addr as Deno.NetAddr).port,
    namespace: "kubevirt",
    unverifiableCallers: "stop",
  }, AbortSignal.timeout(30_000));
  await served.use(CREDENTIAL);
  await client.create(CONFIG_MAPS, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: AUTHORITY_NAME, namespace: "kubevirt" },
    data: { [BUNDLE_KEY]: AUTHORITY.certificate },
  });
  await assert.rejects(served.followBundle(), { code: "EADDRINUSE" });
});
