/** Questions that tell whether a guest is alive and ready. */
import { z } from "zod";
import { ExecAction, HTTPGetAction, TCPSocketAction } from "./k8s_pod.ts";
import { int32, optional } from "./structural.ts";

/** Ask the guest agent. */
export const GuestAgentPing = z.object({});
export type GuestAgentPing = z.infer<typeof GuestAgentPing>;

/** A question that is asked again and again; exactly one action. */
export const Probe = z.object({
  exec: optional(ExecAction),
  failureThreshold: optional(int32()),
  guestAgentPing: optional(GuestAgentPing),
  httpGet: optional(HTTPGetAction),
  initialDelaySeconds: optional(int32()),
  periodSeconds: optional(int32()),
  successThreshold: optional(int32()),
  tcpSocket: optional(TCPSocketAction),
  timeoutSeconds: optional(int32()),
});
export type Probe = z.infer<typeof Probe>;
