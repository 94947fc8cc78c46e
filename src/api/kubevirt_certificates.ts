/** Lifetimes of the installation's certificates. */
import { z } from "zod";
import { Duration, optional } from "./structural.ts";

/** Lifetime of a certificate. */
export const CertConfig = z.object({
  duration: optional(Duration),
  renewBefore: optional(Duration),
});
export type CertConfig = z.infer<typeof CertConfig>;

/** Lifetimes of certificates that the installation signs itself. */
export const KubeVirtSelfSignConfiguration = z.object({
  ca: optional(CertConfig),
  caOverlapInterval: optional(Duration),
  caRotateInterval: optional(Duration),
  certRotateInterval: optional(Duration),
  server: optional(CertConfig),
});
export type KubeVirtSelfSignConfiguration = z.infer<typeof KubeVirtSelfSignConfiguration>;

/** Who signs, and for how long. */
export const KubeVirtCertificateRotateStrategy = z.object({
  selfSigned: optional(KubeVirtSelfSignConfiguration),
});
export type KubeVirtCertificateRotateStrategy = z.infer<typeof KubeVirtCertificateRotateStrategy>;
