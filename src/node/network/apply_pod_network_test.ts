import assert from "node:assert/strict";
import { MASQUERADE, vmi } from "../testing/vmi.ts";
import { StandInPod } from "../testing/stand_in_pod.ts";
import { applyPodNetwork, observePodNetwork } from "./apply_pod_network.ts";
import { type MasqueradePlan, planNetwork } from "./plan.ts";

const ignore = Deno.uid() !== 0;

Deno.test({
  name: "applyPodNetwork() makes the guest's network in the pod's namespace, and again",
  ignore,
  fn: async () => {
    await using pod = await StandInPod.start();
    for (const _time of ["first", "second"]) {
      await applyPodNetwork(plan(), { pid: pod.pid });
      const links = await observePodNetwork(pod.pid);
      const [bridge, tap] = ["k6t-eth0", "tap0"].map((name) =>
        links.find((link) => link.name === name)
      );
      assert.ok(bridge?.up && tap?.up);
      assert.ok(bridge.addresses.includes("10.0.2.1/24"));
      assert.equal(tap.bridge, "k6t-eth0");
      assert.equal(tap.mtu, 1450);
      assert.deepEqual(await chains(pod), [
        "KUBEVIRT_POSTINBOUND 1",
        "KUBEVIRT_PREINBOUND 1",
        "output 1",
        "postrouting 2",
        "prerouting 1",
      ]);
      assert.equal(await pod.run(["cat", "/proc/sys/net/ipv4/ip_forward"]), "1\n");
    }
  },
});

Deno.test({
  name: "applyPodNetwork() reaches the guest's port from outside, and the world from the guest",
  ignore,
  fn: async () => {
    await using pod = await StandInPod.start();
    await applyPodNetwork(plan(), { pid: pod.pid });
    // A namespace on the bridge stands for the guest: the same frames as through the tap.
    await using guest = await StandInPod.start({ bare: true });
    await pod.run([
      "ip",
      "link",
      "add",
      "g0",
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      `${guest.pid}`,
    ]);
    await pod.run(["ip", "link", "set", "g0", "master", "k6t-eth0", "up"]);
    await guest.run(["ip", "address", "add", "10.0.2.2/24", "dev", "eth0"]);
    await guest.run(["ip", "link", "set", "eth0", "up"]);
    await guest.run(["ip", "route", "add", "default", "via", "10.0.2.1"]);
    assert.equal(await guest.serveWhile(8080, () => pod.outside.ask(pod.address, 8080)), "hello\n");
    assert.equal(await guest.serveWhile(8081, () => pod.ask("127.0.0.1", 8081)), "hello\n");
    assert.equal(
      await pod.outside.serveWhile(8082, () => guest.ask(pod.outsideAddress, 8082)),
      "hello\n",
    );
  },
});

/** Chains of our table and how many rules each has. */
async function chains(pod: StandInPod): Promise<string[]> {
  const { nftables } = JSON.parse(await pod.run(["nft", "-j", "list", "ruleset"])) as {
    nftables: { chain?: { name: string; table: string }; rule?: { chain: string } }[];
  };
  const rules = nftables.flatMap(({ rule }) => rule === undefined ? [] : [rule.chain]);
  return nftables.flatMap(({ chain }) => chain === undefined ? [] : [chain.name]).sort()
    .map((name) => `${name} ${rules.filter((chain) => chain === name).length}`);
}

function plan(): MasqueradePlan {
  const [first] = planNetwork(vmi(MASQUERADE)).interfaces;
  assert.ok(first);
  return first;
}
