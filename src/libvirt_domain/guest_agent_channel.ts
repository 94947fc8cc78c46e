import type { DomainInput, Fragment } from "./configurator.ts";
import { element } from "./xml.ts";

/** The virtio port by which a guest agent, if there is one, talks to the host. */
export function configureGuestAgentChannel(_input: DomainInput): Fragment {
  return {
    devices: [element(
      "channel",
      { type: "unix" },
      element("source", { mode: "bind", path: "@VMDIR@/agent.sock" }),
      element("target", { type: "virtio", name: "org.qemu.guest_agent.0" }),
    )],
  };
}
