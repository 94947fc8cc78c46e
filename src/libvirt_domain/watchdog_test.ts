import { configureWatchdog } from "./watchdog.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureWatchdog", configureWatchdog, [
  ["resets by default", { devices: { watchdog: { name: "w", i6300esb: {} } } }, [
    '<watchdog model="i6300esb" action="reset"><alias name="ua-w"/></watchdog>',
  ]],
  ["refuses the watchdog of another architecture", {
    devices: { watchdog: { name: "w", diag288: {} } },
  }, ["refused: spec.domain.devices.watchdog"]],
]);
