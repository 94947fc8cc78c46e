import { configureCpu } from "./cpu.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureCpu", configureCpu, [
  ["is the host's model on KVM", {}, [
    '<cpu mode="host-model" check="none"><topology sockets="1" cores="1" threads="1"/></cpu>',
  ]],
  ["is all that TCG can do when emulated", {
    domain: { cpu: { model: "host-model" } },
    facts: { emulated: true },
  }, ['<cpu mode="maximum" check="none"><topology sockets="1" cores="1" threads="1"/></cpu>']],
  ["passes the host through on KVM", { domain: { cpu: { model: "host-passthrough" } } }, [
    '<cpu mode="host-passthrough" check="none"><topology sockets="1" cores="1" threads="1"/></cpu>',
  ]],
  ["takes a named model and features", {
    domain: {
      cpu: {
        model: "Nehalem",
        sockets: 2,
        features: [{ name: "apic" }, { name: "vmx", policy: "disable" }],
      },
    },
  }, [
    '<cpu mode="custom" match="exact" check="none"><model fallback="allow">Nehalem</model>' +
    '<topology sockets="2" cores="1" threads="1"/><feature policy="require" name="apic"/>' +
    '<feature policy="disable" name="vmx"/></cpu>',
  ]],
]);
