/**
 * The UUID a guest sees in its firmware. Admission draws a random one into the template when a VM is created; a VM that was
 * stored without (made by an older release, or restored) keeps the one that was always derived from its name.
 */
import { sha1 } from "../sha1.ts";

/** The namespace that KubeVirt has always used for this. */
const NAMESPACE = "6a1a24a1-4061-4607-8bf4-a3963d0c5895";

/** UUID version 5 (RFC 9562) of a VM's name. */
export function legacyFirmwareUuid(name: string): string {
  const namespace = Uint8Array.from(
    NAMESPACE.replaceAll("-", "").match(/../g) ?? [],
    (hex) => parseInt(hex, 16),
  );
  const digest = sha1(new Uint8Array([...namespace, ...new TextEncoder().encode(name)]));
  const bytes = digest.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
