import { configureInputs } from "./inputs.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureInputs", configureInputs, [
  ["makes tablets", {
    devices: {
      inputs: [{ name: "a", type: "tablet" }, { name: "b", type: "tablet", bus: "virtio" }],
    },
  }, [
    '<input type="tablet" bus="usb"><alias name="ua-a"/></input>',
    '<input type="tablet" bus="virtio" model="virtio-non-transitional"><alias name="ua-b"/></input>',
  ]],
  ["attaches one when asked and none is there", { devices: { autoattachInputDevice: true } }, [
    '<input type="tablet" bus="usb"><alias name="ua-default-0"/></input>',
  ]],
  ["refuses other types and buses", {
    devices: { inputs: [{ name: "a", type: "mouse" }, { name: "b", type: "tablet", bus: "ps2" }] },
  }, ["refused: spec.domain.devices.inputs[0].type", "refused: spec.domain.devices.inputs[1].bus"]],
]);
