/** The network of pods on the machine itself: the bridge and pods' namespaces, without guests. */
import assert from "node:assert/strict";
import {
  applyMachineNetwork,
  makePodNetwork,
  removeMachineNetwork,
  removePodNetwork,
} from "../../src/standalone/local/network/apply_machine_network.ts";
import type { MachineNetwork } from "../../src/standalone/local/network/machine_network.ts";
import { hostAt } from "../../src/standalone/ipv4_range.ts";
import { freeRanges } from "../../src/standalone/run/private_place.ts";

const SLOW_MS = 30_000;

Deno.test({
  name: "the pods' gateway has one hardware address, whichever pods come and go",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using parts = new AsyncDisposableStack();
    const network: MachineNetwork = { bridge: `dvm${Deno.pid}`, ...freeRanges() };
    parts.defer(() => removeMachineNetwork(network));
    await applyMachineNetwork(network);
    const pods = [0, 1, 2].map((index) => ({
      podUid: crypto.randomUUID(),
      address: hostAt(network.range, index),
    }));
    const look = () => Deno.readTextFile(`/sys/class/net/${network.bridge}/address`);
    const seen = new Set([await look()]);
    for (const pod of pods) {
      parts.defer(() => removePodNetwork(pod.podUid));
      await makePodNetwork(network, pod, AbortSignal.timeout(SLOW_MS));
      seen.add(await look());
    }
    for (const { podUid } of pods) {
      await removePodNetwork(podUid);
      seen.add(await look());
    }
    assert.equal(seen.size, 1, [...seen].join());
  },
});
