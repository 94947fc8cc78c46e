/**
 * The plan as commands for iproute2 and nftables: pure. They are rendered against what is there, so that applying them twice,
 * or after a crash half-way, ends in the same world.
 */
import type { ForwardedPorts, MasqueradePlan } from "./plan.ts";

/** Of `ip -j -d address show`, what is read. Parsed at the border by `observe_pod_network.ts`. */
export interface PodLink {
  name: string;
  mtu: number;
  up: boolean;
  /** Name of the bridge it is a port of. */
  bridge?: string;
  addresses: readonly string[];
}

/** The bridge's own address: the guest's gateway never changes its identity. */
export const BRIDGE_MAC_ADDRESS = "02:00:00:00:00:00";

/** Ours alone: it can be replaced as a whole without touching what a service mesh put into the pod. */
export const NFT_TABLE = "kubevirt";

/** Who runs QEMU opens the tap, without privileges. */
const QEMU_USER = 107;

export interface PodNetworkScript {
  /** For `ip -batch -`; may be empty. */
  ip: string;
  /** For `nft -f -`: one transaction. */
  nft: string;
  /** Path below /proc/sys, and value. */
  sysctls: readonly [path: string, value: string][];
}

/** Commands that turn what is there into what the plan says. */
export function renderPodNetwork(
  plan: MasqueradePlan,
  links: readonly PodLink[],
): PodNetworkScript {
  return {
    ip: renderIp(plan, links),
    nft: renderNft(plan),
    sysctls: [
      ["net/ipv4/ip_forward", "1"],
      // What the pod sends to its own loopback address reaches the guest: sidecars and probes expect that.
      ["net/ipv4/conf/all/route_localnet", "1"],
    ],
  };
}

function renderIp(plan: MasqueradePlan, links: readonly PodLink[]): string {
  const bridge = links.find(({ name }) => name === plan.bridge);
  const tap = links.find(({ name }) => name === plan.tap);
  const address = `${plan.guest.gateway}/${plan.guest.prefixLength}`;
  const mtu = podMtu(plan, links);
  const commands: string[] = [];
  if (bridge === undefined) {
    commands.push(`link add ${plan.bridge} address ${BRIDGE_MAC_ADDRESS} mtu ${mtu} type bridge`);
  }
  if (!bridge?.addresses.includes(address)) {
    commands.push(`address add ${address} broadcast + dev ${plan.bridge}`);
  }
  if (tap === undefined) {
    const queues = plan.queues > 1 ? " multi_queue" : "";
    commands.push(`tuntap add dev ${plan.tap} mode tap user ${QEMU_USER}${queues}`);
  }
  if (tap?.mtu !== mtu || tap.bridge !== plan.bridge || !tap.up) {
    commands.push(`link set ${plan.tap} mtu ${mtu} master ${plan.bridge} up`);
  }
  if (!bridge?.up) commands.push(`link set ${plan.bridge} up`);
  return commands.map((command) => `${command}\n`).join("");
}

/** MTU of the pod's own interface: larger packets of the guest would be lost behind it. */
export function podMtu(plan: MasqueradePlan, links: readonly PodLink[]): number {
  const pod = links.find(({ name }) => name === plan.podInterface);
  if (pod === undefined) {
    const names = links.map(({ name }) => name).join(", ");
    throw new Error(
      `Cannot set up the guest's network: the pod has no ${plan.podInterface}: got ${names}`,
    );
  }
  return pod.mtu;
}

function renderNft(plan: MasqueradePlan): string {
  const { gateway, guest } = plan.guest;
  const matches = plan.ports.length === 0 ? [""] : plan.ports.map(matchPorts);
  const toGuest = matches.map((match) => `${match}counter dnat to ${guest}`);
  return `add table ip ${NFT_TABLE}
delete table ip ${NFT_TABLE}
table ip ${NFT_TABLE} {
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    iifname "${plan.podInterface}" counter jump KUBEVIRT_PREINBOUND
  }
  chain output {
    type nat hook output priority -100; policy accept;
${lines(toGuest.map((rule) => `ip daddr 127.0.0.1 ${rule}`))}
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${guest} oifname "${plan.podInterface}" counter masquerade
    oifname "${plan.bridge}" counter jump KUBEVIRT_POSTINBOUND
  }
  chain KUBEVIRT_PREINBOUND {
${lines(toGuest)}
  }
  chain KUBEVIRT_POSTINBOUND {
    ip saddr 127.0.0.1 counter snat to ${gateway}
  }
}
`;
}

function matchPorts({ protocol, first, last }: ForwardedPorts): string {
  const ports = first === last ? String(first) : `${first}-${last}`;
  return `${protocol} dport ${ports} `;
}

function lines(rules: readonly string[]): string {
  return rules.map((rule) => `    ${rule}`).join("\n");
}
