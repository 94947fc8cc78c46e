/**
 * A MAC address for an interface that does not ask for one: locally administered, the same at each start of the same VMI,
 * so that a restarted agent renders the same domain.
 */
export function stableMacAddress(vmiUid: string, interfaceName: string): string {
  const [high, low] = [fnv1a(`${vmiUid}/${interfaceName}`), fnv1a(`${interfaceName}/${vmiUid}`)];
  const bytes = [0x02, high >>> 24, high >>> 16, high >>> 8, low >>> 24, low >>> 16];
  return bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, "0")).join(":");
}

/** FNV-1a, 32 bits: spreads well enough for names, and needs no asynchronous digest. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
