/** Questions that tell whether a guest is alive and ready. */
import * as z from "zod";
import { ExecAction, HTTPGetAction, TCPSocketAction } from "./k8s_pod.ts";
import { int32, optional } from "./structural.ts";

/** Ask the guest agent. */
export const GuestAgentPing = z.object({});
export type GuestAgentPing = z.infer<typeof GuestAgentPing>;

/** A question that is asked again and again; exactly one action. */
export const Probe = z.object({
  exec: optional(ExecAction).describe("Run a command in the guest, by the guest agent"),
  failureThreshold: optional(int32()).describe("Failures in a row that count. Default: 3"),
  guestAgentPing: optional(GuestAgentPing).describe("Ask the guest agent"),
  httpGet: optional(HTTPGetAction).describe("Make an HTTP request"),
  initialDelaySeconds: optional(int32()).describe("Seconds to wait after the guest has started"),
  periodSeconds: optional(int32()).describe("Seconds between questions. Default: 10"),
  successThreshold: optional(int32()).describe("Successes in a row that count. Default: 1"),
  tcpSocket: optional(TCPSocketAction).describe("Open a TCP connection"),
  timeoutSeconds: optional(int32()).describe("Seconds to wait for an answer. Default: 1"),
});
export type Probe = z.infer<typeof Probe>;
