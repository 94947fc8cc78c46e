/** Fields of Kubernetes pods that virtual machines share: DNS and probe actions. */
import * as z from "zod";
import { atomicList, IntOrString, optional } from "./structural.ts";

/** An option of the resolver. */
export const PodDNSConfigOption = z.object({
  name: optional(z.string()).describe("Name of the option"),
  value: optional(z.string()).describe("Value of the option"),
});
export type PodDNSConfigOption = z.infer<typeof PodDNSConfigOption>;

/** Resolver settings, added to those of the DNS policy. */
export const PodDNSConfig = z.object({
  nameservers: optional(atomicList(z.string())).describe("More name servers"),
  options: optional(atomicList(PodDNSConfigOption)).describe("More options"),
  searches: optional(atomicList(z.string())).describe("More search domains"),
});
export type PodDNSConfig = z.infer<typeof PodDNSConfig>;

/** A command that is run; status 0 means healthy. */
export const ExecAction = z.object({
  command: optional(atomicList(z.string())).describe("Command and arguments; no shell"),
});
export type ExecAction = z.infer<typeof ExecAction>;

/** A header of a probe's request. */
export const HTTPHeader = z.object({
  name: z.string().describe("Name of the header"),
  value: z.string().describe("Value of the header"),
});
export type HTTPHeader = z.infer<typeof HTTPHeader>;

/** An HTTP request; a status of 200 to 399 means healthy. */
export const HTTPGetAction = z.object({
  host: optional(z.string()).describe("Default: the guest's address"),
  httpHeaders: optional(atomicList(HTTPHeader)).describe("More headers"),
  path: optional(z.string()).describe("Path of the URL"),
  port: IntOrString.describe("Port"),
  scheme: optional(z.string()).describe("HTTP or HTTPS. Default: HTTP"),
});
export type HTTPGetAction = z.infer<typeof HTTPGetAction>;

/** A TCP connection; being accepted means healthy. */
export const TCPSocketAction = z.object({
  host: optional(z.string()).describe("Default: the guest's address"),
  port: IntOrString.describe("Port"),
});
export type TCPSocketAction = z.infer<typeof TCPSocketAction>;
