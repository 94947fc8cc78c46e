import assert from "node:assert/strict";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
} from "../../../kube/core_resources.ts";
import { FakeClient } from "../../../kube/fake/fake_client.ts";
import type { Pod } from "../../../resources/core_objects.ts";
import { SYSTEM_CLOCK } from "../../../runtime/clock.ts";
import { Informer } from "../../../runtime/informer.ts";
import { JsonLogger } from "../../../runtime/log.ts";
import { MetricsRegistry } from "../../../runtime/metrics.ts";
import { eventually } from "../../../runtime/testing/eventually.ts";
import { CLAIM_UID_INDEX, createClaimController } from "./controller.ts";
import { type LocalClaim, type LocalVolume, volumeName } from "./decide.ts";

const UID = "11111111-2222-4333-8444-555555555555";

Deno.test("createClaimController() removes nothing of a claim that is gone before the pods are known", async () => {
  const directory = await Deno.makeTempDir();
  const disk = `${directory}/${volumeName(UID)}/disk.img`;
  await Deno.mkdir(`${directory}/${volumeName(UID)}`);
  await Deno.writeTextFile(disk, "a guest's");
  const client = new FakeClient();
  await client.create(PERSISTENT_VOLUMES, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: volumeName(UID) },
    spec: { claimRef: { namespace: "default", name: "disk", uid: UID } },
  });
  const pod = await client.create<Pod>(PODS, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "launcher", namespace: "default" },
    spec: {
      containers: [],
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }],
    },
  });
  const logger = new JsonLogger({ level: "error" });
  const claims = new Informer<LocalClaim>({
    client,
    logger,
    resource: PERSISTENT_VOLUME_CLAIMS,
    indexes: { [CLAIM_UID_INDEX]: ({ metadata }) => [metadata.uid] },
  });
  const volumes = new Informer<LocalVolume>({ client, logger, resource: PERSISTENT_VOLUMES });
  const pods = new Informer<Pod>({ client, logger, resource: PODS });
  const stop = new AbortController();
  const { signal } = stop;
  const controller = createClaimController({
    client,
    directory,
    nodeName: "node",
    claims,
    volumes,
    pods,
    events: { record() {} },
    logger,
    // Looks again soon.
    clock: { ...SYSTEM_CLOCK, setTimer: (call, ms) => SYSTEM_CLOCK.setTimer(call, ms / 100) },
    metrics: new MetricsRegistry(),
  });
  const running = [claims.run(signal), volumes.run(signal), controller.run(signal)];
  try {
    await Promise.all([claims, volumes].map((each) => each.waitForSync(signal)));
    // It would not take so long to remove it.
    const endMs = performance.now() + 100;
    const isRemoved = () => Deno.stat(disk).then(() => false, () => true);
    await eventually("it had time", async () => performance.now() > endMs || await isRemoved());
    running.push(pods.run(signal));
    await pods.waitForSync(signal);
    assert.equal(await Deno.readTextFile(disk), "a guest's");
    await client.delete(PODS, { namespace: "default", name: pod.metadata.name });
    await eventually("it is removed when nobody uses it", isRemoved);
  } finally {
    stop.abort();
    await Promise.all(running);
    await Deno.remove(directory, { recursive: true });
  }
});
