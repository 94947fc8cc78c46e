/** The IPv4 networks that this machine is in already: two on one machine would take each other's packets. */
import { formatRange, type Ipv4Range, overlaps, parseIpv4 } from "../../ipv4_range.ts";

export interface UsedRange {
  /** "eth0" */
  interface: string;
  range: Ipv4Range;
}

export function usedRanges(): UsedRange[] {
  return Deno.networkInterfaces().filter(({ family }) => family === "IPv4")
    .map(({ name, address, netmask }) => ({ interface: name, range: rangeOf(address, netmask) }));
}

/** Why a network cannot be had; `undefined`: it can. Pure. */
export function whyNotFree(
  wanted: Ipv4Range,
  { used, bridge }: {
    used: readonly UsedRange[];
    /** Of whoever asks: it has its network from the start before. */
    bridge: string;
  },
): string | undefined {
  const other = used.find((each) => each.interface !== bridge && overlaps(each.range, wanted));
  return other && `${formatRange(other.range)} is that of interface ${other.interface}`;
}

function rangeOf(address: string, netmask: string): Ipv4Range {
  const [first = 0, mask = 0] = [parseIpv4(address), parseIpv4(netmask)];
  const size = 2 ** 32 - mask;
  return { first: Math.floor(first / size) * size, prefixLength: 32 - Math.log2(size) };
}
