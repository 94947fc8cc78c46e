import { configureRng } from "./rng.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureRng", configureRng, [
  ["is there when asked for", { devices: { rng: {} } }, [
    '<rng model="virtio-non-transitional"><backend model="random">/dev/urandom</backend></rng>',
  ]],
  ["is not there otherwise", {}, []],
]);
