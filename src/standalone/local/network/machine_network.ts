/**
 * The network of pods on one machine, as commands: pure.
 *
 *   pod's namespace: eth0 -- veth -- bridge (gateway's address) -- nftables masquerade -- the machine's own network
 */
import { formatRange, gatewayOf, type Ipv4Range } from "../../ipv4_range.ts";

/** Of name servers (RFC 1035, 4.2). */
export const NAME_PORT = 53;
/** Room for what tunnels on the way would add. */
const MTU = 1500;

export interface MachineNetwork {
  /** Names the bridge and the tables of nftables. */
  bridge: string;
  range: Ipv4Range;
  /** Addresses of Services: nobody has them, rules lead from them to pods. */
  serviceRange: Ipv4Range;
}

/**
 * For `ip -batch`; a bridge that is there stays. It has a hardware address of its own: else it has that of one of its pods, and
 * when that one goes the others speak to nobody until they have forgotten it, half a minute later.
 */
export function renderBridge(
  { bridge, range, serviceRange }: MachineNetwork,
): { make: string; routed: string } {
  return {
    make: `link add ${bridge} address ${hardwareAddressOf(range)} type bridge`,
    routed: [
      `address replace ${gatewayOf(range)}/${range.prefixLength} dev ${bridge}`,
      `link set ${bridge} mtu ${MTU} up`,
      // Only so that the machine has an address to speak from: nothing with such a destination gets as far as the bridge.
      `route replace ${formatRange(serviceRange)} dev ${bridge}`,
    ].join("\n"),
  };
}

/** Of the gateway: one that no manufacturer gives, with its IPv4 address at the end. */
function hardwareAddressOf({ first }: Ipv4Range): string {
  const octets = (first + 1).toString(16).padStart(8, "0").match(/../g) ?? [];
  return ["0a", "58", ...octets].join(":");
}

/**
 * For `nft -f`; what was there of the table's own chains is replaced. Guests reach the world with the machine's address, and
 * not what the machine has on loopback, which Services on its own address make reachable for the machine alone.
 */
export function renderMasquerade({ bridge, range, serviceRange }: MachineNetwork): string {
  const [source, services] = [formatRange(range), formatRange(serviceRange)];
  const table = `ip ${tableOf({ bridge })}`;
  return [
    `add table ${table}`,
    `add chain ${table} postrouting { type nat hook postrouting priority srcnat; }`,
    `add chain ${table} forward { type filter hook forward priority filter; policy accept; }`,
    `add chain ${table} input { type filter hook input priority filter; policy accept; }`,
    `add chain ${table} output { type filter hook output priority filter; policy accept; }`,
    `add chain ${table} names { type nat hook prerouting priority dstnat; }`,
    `flush chain ${table} names`,
    `flush chain ${table} postrouting`,
    `flush chain ${table} forward`,
    `flush chain ${table} input`,
    `flush chain ${table} output`,
    `add rule ${table} postrouting ip saddr ${source} oifname != "${bridge}" masquerade`,
    // To a guest through a Service: its answer must come back this way.
    `add rule ${table} postrouting ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    `add rule ${table} postrouting ip saddr ${source} ct status dnat oifname "${bridge}" masquerade`,
    // Nobody is ready behind it: said at once.
    `add rule ${table} forward ip daddr ${services} reject`,
    `add rule ${table} output ip daddr ${services} reject`,
    `add rule ${table} forward iifname "${bridge}" accept`,
    `add rule ${table} forward oifname "${bridge}" accept`,
    // What the machine asked through a Service of its loopback is answered there.
    `add rule ${table} input iifname "${bridge}" ip daddr 127.0.0.0/8 ct state != { established, related } drop`,
  ].join("\n");
}

/** For `nft -f`, while nobody answers guests on the machine's address: another name server does. */
export function renderNamesFallback(
  { bridge, range }: Pick<MachineNetwork, "bridge" | "range">,
  nameServer: string,
): string {
  const table = `ip ${tableOf({ bridge })}`;
  const asked = `iifname "${bridge}" ip daddr ${gatewayOf(range)} meta l4proto { tcp, udp }`;
  return [
    `flush chain ${table} names`,
    `add rule ${table} names ${asked} th dport ${NAME_PORT} dnat to ${nameServer}`,
  ].join("\n");
}

/** Of what leads to Services: replaced as a whole, and apart from what pods need. */
export function serviceTableOf(network: Pick<MachineNetwork, "bridge">): string {
  return `${tableOf(network)}_services`;
}

export function tableOf({ bridge }: Pick<MachineNetwork, "bridge">): string {
  return bridge.replaceAll(/[^A-Za-z0-9]/g, "_");
}

/** What must be set for packets to go through. */
export function sysctls({ bridge }: MachineNetwork): [path: string, value: string][] {
  return [
    ["net/ipv4/ip_forward", "1"],
    // A Service's port on loopback leads to a guest.
    [`net/ipv4/conf/${bridge}/route_localnet`, "1"],
  ];
}

/** By the pod's UID alone, so that who starts anew finds it. */
export function namespaceOf(podUid: string): string {
  return `denovirt-${podUid}`;
}

/** Names of interfaces end at 15 characters. */
export function vethOf(podUid: string): string {
  return `dv${podUid.replaceAll("-", "").slice(0, 12)}`;
}

/** For `ip -batch`, once the namespace is there and empty. */
export function renderPodLink(
  { bridge, range }: MachineNetwork,
  { podUid, address }: { podUid: string; address: string },
): { outside: string; inside: string } {
  const veth = vethOf(podUid);
  return {
    outside: [
      `link add ${veth} mtu ${MTU} type veth peer name eth0 mtu ${MTU} netns ${
        namespaceOf(podUid)
      }`,
      `link set ${veth} master ${bridge} up`,
    ].join("\n"),
    inside: [
      "link set lo up",
      `address add ${address}/${range.prefixLength} dev eth0`,
      "link set eth0 up",
      `route add default via ${gatewayOf(range)}`,
    ].join("\n"),
  };
}
