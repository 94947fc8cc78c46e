/** Encrypted guests. */
import { z } from "zod";
import { optional } from "./structural.ts";

/** Demands of the guest owner on AMD SEV. */
export const SEVPolicy = z.object({
  encryptedState: optional(z.boolean()),
});
export type SEVPolicy = z.infer<typeof SEVPolicy>;

/** Ask for an attestation before the guest runs. */
export const SEVAttestation = z.object({});
export type SEVAttestation = z.infer<typeof SEVAttestation>;

/** AMD SEV: encrypted memory. */
export const SEV = z.object({
  attestation: optional(SEVAttestation),
  dhCert: optional(z.string()),
  policy: optional(SEVPolicy),
  session: optional(z.string()),
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
  sev: optional(SEV),
  snp: optional(SEVSNP),
  tdx: optional(TDX),
});
export type LaunchSecurity = z.infer<typeof LaunchSecurity>;
