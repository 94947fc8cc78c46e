/** Addresses as certificates have them. */
import { isIPv4, isIPv6 } from "node:net";

const IPV6_GROUPS = 8;

/** 4 or 16 octets, in network order (RFC 5280, 4.2.1.6). Throws a TypeError when the text is no address, or has a zone. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  if (!isIPv6(address) || address.includes("%")) {
    throw new TypeError(`Cannot read address: it must be of IPv4 or IPv6: got ${address}`);
  }
  // As a URL it is in its one canonical form: no dots, at most one "::".
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = [], after] = canonical.split("::").map(groupsOf);
  const zeros = after === undefined ? 0 : IPV6_GROUPS - before.length - after.length;
  const groups = [...before, ...new Array<number>(zeros).fill(0), ...(after ?? [])];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}
