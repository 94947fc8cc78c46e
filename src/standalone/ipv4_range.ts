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
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(cidr);
  const address = parseIpv4(match?.[1] ?? "");
  const prefixLength = Number(match?.[2]);
  if (address === undefined) return undefined;
  if (prefixLength < PREFIX_LENGTHS.min || prefixLength > PREFIX_LENGTHS.max) return undefined;
  const size = 2 ** (32 - prefixLength);
  return { first: Math.floor(address / size) * size, prefixLength };
}

/** `undefined`: not an IPv4 address in the form that Kubernetes takes: no leading zeros. */
export function parseIpv4(address: string): number | undefined {
  const octets = address.split(".");
  const isIpv4 = octets.length === 4 &&
    octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255);
  return isIpv4 ? octets.reduce((sum, octet) => sum * 256 + Number(octet), 0) : undefined;
}

/** A network of any size, as text without the bits of hosts; `undefined`: not an IPv4 network. */
export function maskedIpv4(cidr: string): string | undefined {
  const [, text = "", length = ""] = /^([\d.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
  const address = parseIpv4(text);
  const prefixLength = Number(length);
  if (address === undefined || prefixLength > 32) return undefined;
  const size = 2 ** (32 - prefixLength);
  return `${formatIpv4(Math.floor(address / size) * size)}/${prefixLength}`;
}

/** Whether it is an address of the range that a host may have: neither the network's own nor broadcast. */
export function isHostOf({ first, prefixLength }: Ipv4Range, address: number): boolean {
  return address > first && address < first + 2 ** (32 - prefixLength) - 1;
}

/** Whether any address is in both. */
export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  const last = ({ first, prefixLength }: Ipv4Range) => first + 2 ** (32 - prefixLength) - 1;
  return a.first <= last(b) && b.first <= last(a);
}

/** "10.213.0.0/20" */
export function formatRange({ first, prefixLength }: Ipv4Range): string {
  return `${formatIpv4(first)}/${prefixLength}`;
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
