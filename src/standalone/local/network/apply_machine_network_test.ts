import assert from "node:assert/strict";
import { parseIpv4Range } from "../../ipv4_range.ts";
import {
  applyMachineNetwork,
  hasInterface,
  makePodNetwork,
  removeMachineNetwork,
  removePodNetwork,
} from "./apply_machine_network.ts";
import type { MachineNetwork } from "./machine_network.ts";

const ignore = Deno.uid() !== 0;
const NETWORK: MachineNetwork = {
  bridge: `dvn${Deno.pid}`,
  range: parseIpv4Range("10.223.0.0/24")!,
  serviceRange: parseIpv4Range("10.223.1.0/24")!,
};
const ROUNDS = 3;
const OTHERS = 6;

Deno.test({
  name: "makePodNetwork() makes a pod's network anew while those of others go",
  ignore,
  async fn() {
    const { signal } = new AbortController();
    const pods = Array.from({ length: OTHERS + 1 }, (_, index) => ({
      podUid: crypto.randomUUID(),
      address: `10.223.0.${index + 2}`,
    }));
    const [pod, ...others] = pods;
    await applyMachineNetwork(NETWORK);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (const each of pods) await makePodNetwork(NETWORK, each, signal);
        // The kernel takes away what was in a namespace later, and one after the other.
        await Promise.all(others.map(({ podUid }) => removePodNetwork(podUid)));
        await makePodNetwork(NETWORK, pod!, signal);
      }
    } finally {
      for (const { podUid } of pods) await removePodNetwork(podUid);
      await removeMachineNetwork(NETWORK);
    }
  },
});

Deno.test({
  name: "hasInterface() knows one that has no address",
  ignore,
  async fn() {
    const run = (...args: string[]) => new Deno.Command("ip", { args }).output();
    const name = `dvi${Deno.pid}`;
    assert.equal(await hasInterface(name), false);
    await run("link", "add", name, "type", "bridge");
    assert.equal(await hasInterface(name), true);
    await run("link", "delete", name);
    assert.equal(await hasInterface(name), false);
  },
});
