/** Lifetimes of the installation's certificates. */
import * as z from "zod";
import { Duration, optional } from "./structural.ts";

/** Lifetime of a certificate. */
export const CertConfig = z.object({
  duration: optional(Duration).describe("How long it is valid"),
  renewBefore: optional(Duration).describe("How long before its end a new one is made"),
});
export type CertConfig = z.infer<typeof CertConfig>;

/** Lifetimes of certificates that the installation signs itself. */
export const KubeVirtSelfSignConfiguration = z.object({
  ca: optional(CertConfig).describe("Lifetime of the certificate authority"),
  caOverlapInterval: optional(Duration).describe("Use ca instead"),
  caRotateInterval: optional(Duration).describe("Use ca.duration instead"),
  certRotateInterval: optional(Duration).describe("Use server.duration instead"),
  server: optional(CertConfig).describe("Lifetime of other certificates"),
});
export type KubeVirtSelfSignConfiguration = z.infer<typeof KubeVirtSelfSignConfiguration>;

/** Who signs, and for how long. */
export const KubeVirtCertificateRotateStrategy = z.object({
  selfSigned: optional(KubeVirtSelfSignConfiguration).describe("The installation signs for itself"),
});
export type KubeVirtCertificateRotateStrategy = z.infer<typeof KubeVirtCertificateRotateStrategy>;
