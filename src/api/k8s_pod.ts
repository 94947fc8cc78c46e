/** Fields of Kubernetes pods that virtual machines share: DNS and probe actions. */
import { z } from "zod";
import { atomicList, IntOrString, optional } from "./structural.ts";

/** An option of the resolver. */
export const PodDNSConfigOption = z.object({
  name: optional(z.string()),
  value: optional(z.string()),
});
export type PodDNSConfigOption = z.infer<typeof PodDNSConfigOption>;

/** Resolver settings, added to those of the DNS policy. */
export const PodDNSConfig = z.object({
  nameservers: optional(atomicList(z.string())),
  options: optional(atomicList(PodDNSConfigOption)),
  searches: optional(atomicList(z.string())),
});
export type PodDNSConfig = z.infer<typeof PodDNSConfig>;

/** A command that is run; status 0 means healthy. */
export const ExecAction = z.object({
  command: optional(atomicList(z.string())),
});
export type ExecAction = z.infer<typeof ExecAction>;

/** A header of a probe's request. */
export const HTTPHeader = z.object({
  name: z.string(),
  value: z.string(),
});
export type HTTPHeader = z.infer<typeof HTTPHeader>;

/** An HTTP request; a status of 200 to 399 means healthy. */
export const HTTPGetAction = z.object({
  host: optional(z.string()),
  httpHeaders: optional(atomicList(HTTPHeader)),
  path: optional(z.string()),
  port: IntOrString,
  scheme: optional(z.string()),
});
export type HTTPGetAction = z.infer<typeof HTTPGetAction>;

/** A TCP connection; being accepted means healthy. */
export const TCPSocketAction = z.object({
  host: optional(z.string()),
  port: IntOrString,
});
export type TCPSocketAction = z.infer<typeof TCPSocketAction>;
