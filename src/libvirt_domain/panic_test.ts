import { configurePanic } from "./panic.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configurePanic", configurePanic, [
  ["makes an ISA device", { devices: { panicDevices: [{ model: "isa" }] } }, [
    '<panic model="isa"/>',
  ]],
  ["refuses other models", { devices: { panicDevices: [{ model: "pvpanic" }] } }, [
    "refused: spec.domain.devices.panicDevices[0].model",
  ]],
]);
