/** Encrypted guests. */
import * as z from "zod";
import { optional } from "./structural.ts";

/** Demands of the guest owner on AMD SEV. */
export const SEVPolicy = z.object({
  encryptedState: optional(z.boolean()).describe("Encrypt registers too: SEV-ES. Default: false"),
});
export type SEVPolicy = z.infer<typeof SEVPolicy>;

/** Ask for an attestation before the guest runs. */
export const SEVAttestation = z.object({});
export type SEVAttestation = z.infer<typeof SEVAttestation>;

/** AMD SEV: encrypted memory. */
export const SEV = z.object({
  attestation: optional(SEVAttestation).describe(
    "Wait for the owner's attestation before the guest runs",
  ),
  dhCert: optional(z.string()).describe("The owner's Diffie-Hellman key, base64"),
  policy: optional(SEVPolicy).describe("What the owner demands"),
  session: optional(z.string()).describe("The owner's session, base64"),
});
export type SEV = z.infer<typeof SEV>;

/** AMD SEV-SNP: encrypted memory with integrity. */
export const SEVSNP = z.object({});
export type SEVSNP = z.infer<typeof SEVSNP>;

/** Intel TDX: an encrypted guest. */
export const TDX = z.object({});
export type TDX = z.infer<typeof TDX>;

/** The kind of encrypted guest; at most one. */
export const LaunchSecurity = z.object({
  sev: optional(SEV).describe("AMD SEV"),
  snp: optional(SEVSNP).describe("AMD SEV-SNP"),
  tdx: optional(TDX).describe("Intel TDX"),
});
export type LaunchSecurity = z.infer<typeof LaunchSecurity>;
