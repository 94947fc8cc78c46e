/** The three addresses a masqueraded guest network is made of. */
export interface GuestNetwork {
  gateway: string;
  guest: string;
  prefixLength: number;
}

/** Room for the network's own address, gateway, guest and broadcast. */
const PREFIX_LENGTH_MAX = 30;

/** First host is the gateway, second the guest. `undefined`: not an IPv4 network that has both. */
export function guestNetwork(cidr: string): GuestNetwork | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (match === null) return undefined;
  const octets = match.slice(1, 5).map(Number);
  const prefixLength = Number(match[5]);
  if (octets.some((octet) => octet > 255)) return undefined;
  if (prefixLength < 1 || prefixLength > PREFIX_LENGTH_MAX) return undefined;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefixLength);
  const network = Math.floor(address / size) * size;
  return { gateway: format(network + 1), guest: format(network + 2), prefixLength };
}

export function isIpv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 &&
    octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
