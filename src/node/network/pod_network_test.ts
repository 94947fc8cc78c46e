import assert from "node:assert/strict";
import { MASQUERADE, vmi } from "../testing/vmi.ts";
import { type MasqueradePlan, planNetwork } from "./plan.ts";
import { type PodLink, renderPodNetwork } from "./pod_network.ts";

const ETH0: PodLink = { name: "eth0", mtu: 1450, up: true, addresses: ["10.244.1.5/24"] };

Deno.test("renderPodNetwork() makes bridge, address and tap with the pod's MTU", () => {
  assert.equal(
    renderPodNetwork(plan(), [ETH0]).ip,
    `link add k6t-eth0 address 02:00:00:00:00:00 mtu 1450 type bridge
address add 10.0.2.1/24 broadcast + dev k6t-eth0
tuntap add dev tap0 mode tap user 107
link set tap0 mtu 1450 master k6t-eth0 up
link set k6t-eth0 up
`,
  );
});

Deno.test("renderPodNetwork() does only what is left to do", () => {
  const bridge = { name: "k6t-eth0", mtu: 1450, up: true, addresses: ["10.0.2.1/24"] };
  const tap = { name: "tap0", mtu: 1450, up: false, addresses: [], bridge: "k6t-eth0" };
  assert.equal(
    renderPodNetwork(plan(), [ETH0, bridge, tap]).ip,
    "link set tap0 mtu 1450 master k6t-eth0 up\n",
  );
  assert.equal(renderPodNetwork(plan(), [ETH0, bridge, { ...tap, up: true }]).ip, "");
});

Deno.test("renderPodNetwork() makes a tap of several queues when asked", () => {
  const script = renderPodNetwork({ ...plan(), queues: 4 }, [ETH0]);
  assert.match(script.ip, /^tuntap add dev tap0 mode tap user 107 multi_queue$/m);
});

Deno.test("renderPodNetwork() forwards only the listed ports", () => {
  const { nft } = renderPodNetwork({
    ...plan(),
    ports: [{ protocol: "tcp", first: 80, last: 80 }, { protocol: "udp", first: 5, last: 9 }],
  }, [ETH0]);
  const rules = /chain KUBEVIRT_PREINBOUND \{\n([^}]*)\}/.exec(nft)?.[1];
  assert.equal(
    rules,
    `    tcp dport 80 counter dnat to 10.0.2.2
    udp dport 5-9 counter dnat to 10.0.2.2
  `,
  );
});

Deno.test("renderPodNetwork() says which interface the pod lacks", () => {
  assert.throws(
    () => renderPodNetwork(plan(), [{ ...ETH0, name: "lo" }]),
    { message: "Cannot set up the guest's network: the pod has no eth0: got lo" },
  );
});

function plan(): MasqueradePlan {
  const [first] = planNetwork(vmi(MASQUERADE)).interfaces;
  assert.ok(first);
  return first;
}
