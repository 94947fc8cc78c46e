/** An IPv4 network as numbers: pure. */
export interface Ipv4Range {
  /** The network's own address. */
  first: number;
  prefixLength: number;
}

/** Room for the network, the gateway, one pod and broadcast; and not half of the Internet. */
const PREFIX_LENGTHS = { min: 8, max: 30 };

/** `undefined`: not a network that pods fit in. */
export function parseIpv4Range(cidr: string): Ipv4Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (match === null) return undefined;
  const octets = match.slice(1, 5).map(Number);
  const prefixLength = Number(match[5]);
  if (octets.some((octet) => octet > 255)) return undefined;
  if (prefixLength < PREFIX_LENGTHS.min || prefixLength > PREFIX_LENGTHS.max) return undefined;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefixLength);
  return { first: Math.floor(address / size) * size, prefixLength };
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** The first host: the machine's own address there. */
export function gatewayOf({ first }: Ipv4Range): string {
  return formatIpv4(first + 1);
}

/** Hosts beside the gateway. */
export function hostCount({ prefixLength }: Ipv4Range): number {
  return 2 ** (32 - prefixLength) - 3;
}

/** The host of that number, from 0. */
export function hostAt({ first }: Ipv4Range, index: number): string {
  return formatIpv4(first + 2 + index);
}
