import assert from "node:assert/strict";
import type { KubeVirt } from "../../api/kubevirt.ts";
import { KUBEVIRTS } from "../../api/registry.ts";
import { DAEMON_SETS } from "../../kube/core_resources.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { findCondition } from "../condition.ts";
import { createControllerInformers, runInformers } from "../informers.ts";
import { createKubeVirtController } from "./controller.ts";

const DEADLINE_MS = 30_000;
const NAMESPACE = "kubevirt";

Deno.test("KubeVirt controller says when the installation is ready, and lets a deleted object go", async () => {
  const client = new FakeClient();
  const name = "denovirt-node";
  await client.create(DAEMON_SETS, { metadata: { name } }, { namespace: NAMESPACE });
  const ready = { status: { desiredNumberScheduled: 1, numberReady: 1 } };
  await client.patch(DAEMON_SETS, { namespace: NAMESPACE, name }, ready, { subresource: "status" });
  const informers = createControllerInformers({ client, logger: SILENT_LOGGER });
  const controller = createKubeVirtController({
    client,
    informers,
    events: { record: () => {} },
    logger: SILENT_LOGGER,
    namespace: NAMESPACE,
    version: "v1.9.0",
  });
  const stop = new AbortController();
  const running = Promise.all([runInformers(informers, stop.signal), controller.run(stop.signal)]);
  try {
    const key = { namespace: NAMESPACE, name: "kubevirt" };
    await client.create(KUBEVIRTS, { metadata: { name: key.name }, spec: {} }, key);
    const cached = (): KubeVirt | undefined => informers.kubevirts.get(key);
    const options = { timeoutMs: DEADLINE_MS };
    await informers.kubevirts.waitUntil(() => cached()?.status?.phase === "Deployed", options);
    const available = findCondition(cached()?.status?.conditions, "Available");
    assert.deepEqual([available?.status, available?.reason], ["True", "AllComponentsReady"]);
    assert.equal(cached()?.status?.observedKubeVirtVersion, "v1.9.0");
    await client.delete(KUBEVIRTS, key);
    await informers.kubevirts.waitUntil(() => cached() === undefined, options);
  } finally {
    stop.abort();
    await running;
  }
});
