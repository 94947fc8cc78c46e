import { configureMemory } from "./memory.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureMemory", configureMemory, [
  ["rounds up to KiB", { domain: { memory: { guest: "1000001" } } }, [
    '<memory unit="KiB">977</memory>',
  ]],
  ["takes the request when guest is unset", {
    domain: { memory: {}, resources: { requests: { memory: "128Mi" } } },
  }, ['<memory unit="KiB">131072</memory>']],
  ["refuses a guest without memory", { domain: { memory: {} } }, [
    "refused: spec.domain.memory.guest",
  ]],
]);
