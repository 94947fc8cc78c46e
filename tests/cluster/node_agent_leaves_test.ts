import assert from "node:assert/strict";
import { NODE_SCHEDULABLE_LABEL } from "../../src/api/labels.ts";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { NODES } from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { say } from "../toolchain/progress.ts";
import { clusterTest } from "./test_bed.ts";
import { kernelVirtualMachine, TestVirtualMachine } from "./virtual_machine.ts";

const LAUNCH_TIMEOUT_MS = 120_000;
const DELETE_TIMEOUT_MS = 120_000;
const CHANGE_TIMEOUT_MS = 120_000;

clusterTest("a node whose agent leaves takes no guests until there is one again", async (bed) => {
  const { cluster, step } = bed;
  const vm = new TestVirtualMachine(bed, "stays");
  await cluster.apply(await kernelVirtualMachine(vm.name));
  const running = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
  const name = running.status?.nodeName ?? "";

  await step("its label follows the agent", async () => {
    const connection = await kubeconfigConnection(cluster.kubeconfigPath);
    using client = new FetchClient({ connection, userAgent: "denovirt-test/0" });
    const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
    const changes = labelChanges(client, { name, signal });
    assert.equal((await changes.next()).value, "true");
    const start = performance.now();
    await cluster.kubectl([
      "-n",
      "kubevirt",
      "delete",
      "pod",
      "--wait=false",
      "-l",
      "kubevirt.io=denovirt-node",
      `--field-selector=spec.nodeName=${name}`,
    ]);
    const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
    assert.equal((await changes.next()).value, "false");
    const left = seconds();
    assert.equal((await changes.next()).value, "true");
    say(`the agent of ${name} left within ${left} s, the next one was there after ${seconds()} s`);
    await changes.return(undefined);
  });

  await step("its guest goes on", async () => {
    const vmi = await vm.vmi();
    assert.equal(vmi?.metadata.uid, running.metadata.uid);
    assert.equal(vmi?.status?.phase, "Running");
  });

  await vm.delete(DELETE_TIMEOUT_MS);
});

/** The label that the scheduler looks at: as it is now, and each time that it changes. */
async function* labelChanges(
  client: FetchClient,
  { name, signal }: { name: string; signal: AbortSignal },
): AsyncGenerator<string | undefined> {
  let last: string | undefined;
  const selection = { fieldSelector: `metadata.name=${name}`, signal };
  for await (const { object } of client.watch<KubeObject>(NODES, selection)) {
    const label = "labels" in object.metadata
      ? object.metadata.labels?.[NODE_SCHEDULABLE_LABEL]
      : last;
    if (label === last) continue;
    last = label;
    yield label;
  }
}
