import assert from "node:assert/strict";
import type { Interface } from "../../api/interface.ts";
import type { PodNetwork } from "../../api/network.ts";
import { MASQUERADE, vmi, VMI_UID } from "../testing/vmi.ts";
import { stableMacAddress } from "./mac_address.ts";
import { planNetwork } from "./plan.ts";

Deno.test("planNetwork() puts a masqueraded guest behind the pod's interface", () => {
  assert.deepEqual(planNetwork(vmi(MASQUERADE)), {
    interfaces: [{
      interfaceName: "default",
      networkName: "default",
      podInterface: "eth0",
      bridge: "k6t-eth0",
      tap: "tap0",
      queues: 1,
      macAddress: stableMacAddress(VMI_UID, "default"),
      guest: { gateway: "10.0.2.1", guest: "10.0.2.2", prefixLength: 24 },
      ports: [],
    }],
    refusals: [],
  });
});

Deno.test("planNetwork() takes MAC, ports, ranges and another guest network", () => {
  const { interfaces, refusals } = planNetwork(vmi({
    interfaces: [{
      name: "default",
      masquerade: {},
      macAddress: "02-AA-BB-CC-DD-EE",
      ports: [{ port: 80 }, { port: 53, protocol: "UDP" }],
      portRanges: [{ start: 1000, end: 2000, protocol: "TCP" }],
    }],
    networks: [{ name: "default", pod: { vmNetworkCIDR: "172.30.0.0/16" } }],
  }));
  assert.deepEqual(refusals, []);
  assert.equal(interfaces[0]?.macAddress, "02:aa:bb:cc:dd:ee");
  assert.equal(interfaces[0]?.guest.guest, "172.30.0.2");
  assert.deepEqual(interfaces[0]?.ports, [
    { protocol: "tcp", first: 80, last: 80 },
    { protocol: "udp", first: 53, last: 53 },
    { protocol: "tcp", first: 1000, last: 2000 },
  ]);
});

const AT = "spec.domain.devices.interfaces[0]";
const REFUSED: [
  criterion: string,
  nic: Partial<Interface>,
  pod: PodNetwork | undefined,
  fields: string[],
][] = [
  ["bridge binding", { bridge: {} }, {}, [`${AT}.bridge`]],
  ["SR-IOV", { sriov: {} }, {}, [`${AT}.sriov`]],
  ["a binding plugin", { binding: { name: "p" } }, {}, [`${AT}.binding`]],
  ["no binding", {}, {}, [AT]],
  ["DHCP options", { masquerade: {}, dhcpOptions: {} }, {}, [`${AT}.dhcpOptions`]],
  ["what is no MAC", { masquerade: {}, macAddress: "x" }, {}, [`${AT}.macAddress`]],
  ["what is no port", { masquerade: {}, ports: [{ port: 70000 }] }, {}, [`${AT}.ports`]],
  ["a network that is not the pod's", { masquerade: {} }, undefined, ["spec.networks[0]"]],
  ["a guest network without room", { masquerade: {} }, { vmNetworkCIDR: "10.0.0.0/32" }, [
    "spec.networks[0].pod.vmNetworkCIDR",
  ]],
];

for (const [criterion, nic, pod, fields] of REFUSED) {
  Deno.test(`planNetwork() refuses ${criterion} with its field`, () => {
    const { interfaces, refusals } = planNetwork(vmi({
      interfaces: [{ name: "default", ...nic }],
      networks: [pod === undefined ? { name: "default" } : { name: "default", pod }],
    }));
    assert.deepEqual(refusals.map(({ field }) => field), fields);
    assert.deepEqual(interfaces, []);
  });
}
