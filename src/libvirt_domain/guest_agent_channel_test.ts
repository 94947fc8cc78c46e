import { configureGuestAgentChannel } from "./guest_agent_channel.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureGuestAgentChannel", configureGuestAgentChannel, [
  ["is always there", {}, [
    '<channel type="unix"><source mode="bind" path="@VMDIR@/agent.sock"/>' +
    '<target type="virtio" name="org.qemu.guest_agent.0"/></channel>',
  ]],
]);
