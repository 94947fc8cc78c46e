/**
 * Which network a guest gets, from its VMI alone: pure. `pod_network.ts` turns the plan into commands once the pod's own
 * interface is known.
 */
import type { Interface } from "../../api/interface.ts";
import type { Network } from "../../api/network.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Refusal } from "../../libvirt_domain/configurator.ts";
import { queueCount } from "../../libvirt_domain/interfaces.ts";
import { type GuestNetwork, guestNetwork } from "./ipv4.ts";
import { stableMacAddress } from "./mac_address.ts";

/** The guest network of masquerade when the VMI names none. */
export const MASQUERADE_CIDR_DEFAULT = "10.0.2.0/24";

/** Ports that reach the guest: one protocol, first to last. */
export interface ForwardedPorts {
  protocol: "tcp" | "udp";
  first: number;
  last: number;
}

/** One guest interface behind the pod's address. */
export interface MasqueradePlan {
  interfaceName: string;
  networkName: string;
  podInterface: string;
  bridge: string;
  tap: string;
  queues: number;
  macAddress: string;
  guest: GuestNetwork;
  /** Empty: every port is forwarded. */
  ports: readonly ForwardedPorts[];
}

export interface NetworkPlan {
  interfaces: readonly MasqueradePlan[];
  refusals: readonly Refusal[];
}

/** The name of the pod's interface that a container network plugin makes. */
const POD_INTERFACE = "eth0";
const MAC_ADDRESS = /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i;

/** What to set up, and every reason why it would not be what the VMI asks for. */
export function planNetwork(vmi: VirtualMachineInstance): NetworkPlan {
  const networks = vmi.spec.networks ?? [];
  const interfaces: MasqueradePlan[] = [];
  const refusals: Refusal[] = [];
  (vmi.spec.domain.devices.interfaces ?? []).forEach((nic, index) => {
    if (nic.state === "absent") return;
    const at = `spec.domain.devices.interfaces[${index}]`;
    const networkIndex = networks.findIndex(({ name }) => name === nic.name);
    const network = networks[networkIndex];
    const found = network === undefined
      ? [{ field: `${at}.name`, message: `no network of this name: got ${nic.name}` }]
      : [...refuseInterface(nic, at), ...refuseNetwork(network, `spec.networks[${networkIndex}]`)];
    refusals.push(...found);
    if (network !== undefined && found.length === 0) {
      interfaces.push(masquerade(vmi, { nic, network }));
    }
  });
  if (interfaces.length > 1) {
    const message = "only one interface can be on the pod network";
    refusals.push({ field: "spec.domain.devices.interfaces", message });
  }
  return { interfaces, refusals };
}

function masquerade(
  vmi: VirtualMachineInstance,
  { nic, network }: { nic: Interface; network: Network },
): MasqueradePlan {
  return {
    interfaceName: nic.name,
    networkName: network.name,
    podInterface: POD_INTERFACE,
    bridge: `k6t-${POD_INTERFACE}`,
    tap: "tap0",
    queues: queueCount(nic, { vmi }),
    macAddress: nic.macAddress
      ? nic.macAddress.toLowerCase().replaceAll("-", ":")
      : stableMacAddress(vmi.metadata.uid, nic.name),
    guest: guestNetwork(network.pod?.vmNetworkCIDR || MASQUERADE_CIDR_DEFAULT) as GuestNetwork,
    ports: forwardedPorts(nic),
  };
}

function forwardedPorts(nic: Interface): ForwardedPorts[] {
  const single = (nic.ports ?? []).map(({ port, protocol }) => ({
    protocol: protocolOf(protocol),
    first: port,
    last: port,
  }));
  const ranges = (nic.portRanges ?? []).map(({ start, end, protocol }) => ({
    protocol: protocolOf(protocol),
    first: start,
    last: end,
  }));
  return [...single, ...ranges];
}

function protocolOf(text: string | undefined): "tcp" | "udp" {
  return text?.toUpperCase() === "UDP" ? "udp" : "tcp";
}

const OTHER_BINDINGS = [
  "bridge",
  "binding",
  "macvtap",
  "passt",
  "passtBinding",
  "slirp",
  "sriov",
] as const;

function refuseInterface(nic: Interface, at: string): Refusal[] {
  const refusals: Refusal[] = [];
  for (const binding of OTHER_BINDINGS) {
    if (nic[binding] === undefined) continue;
    const message = "this binding is not supported on this node: use masquerade";
    refusals.push({ field: `${at}.${binding}`, message });
  }
  if (nic.masquerade === undefined && refusals.length === 0) {
    refusals.push({ field: at, message: "an interface must have a binding: use masquerade" });
  }
  if (nic.macAddress && !MAC_ADDRESS.test(nic.macAddress)) {
    refusals.push({
      field: `${at}.macAddress`,
      message: `not a MAC address: got ${JSON.stringify(nic.macAddress)}`,
    });
  }
  if (nic.dhcpOptions !== undefined) {
    refusals.push({ field: `${at}.dhcpOptions`, message: "DHCP options are not supported" });
  }
  for (const { first, last } of forwardedPorts(nic)) {
    if (
      Number.isInteger(first) && Number.isInteger(last) && first >= 1 && last <= 65535 &&
      first <= last
    ) {
      continue;
    }
    refusals.push({ field: `${at}.ports`, message: `not a range of ports: got ${first}-${last}` });
  }
  return refusals;
}

function refuseNetwork(network: Network, at: string): Refusal[] {
  if (network.pod === undefined) {
    return [{ field: at, message: "only the pod network is supported" }];
  }
  const { vmNetworkCIDR, vmIPv6NetworkCIDR } = network.pod;
  const refusals: Refusal[] = [];
  if (vmNetworkCIDR && guestNetwork(vmNetworkCIDR) === undefined) {
    refusals.push({
      field: `${at}.pod.vmNetworkCIDR`,
      message: `not an IPv4 network with room for a guest: got ${JSON.stringify(vmNetworkCIDR)}`,
    });
  }
  if (vmIPv6NetworkCIDR) {
    refusals.push({ field: `${at}.pod.vmIPv6NetworkCIDR`, message: "IPv6 is not supported yet" });
  }
  return refusals;
}
