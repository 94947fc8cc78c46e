import { configureSound } from "./sound.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureSound", configureSound, [
  ["is an ICH9 by default", { devices: { sound: { name: "s" } } }, [
    '<sound model="ich9"><alias name="ua-s"/></sound>',
  ]],
  ["refuses other models", { devices: { sound: { name: "s", model: "sb16" } } }, [
    "refused: spec.domain.devices.sound.model",
  ]],
]);
