import { configureSerialConsole } from "./serial_console.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureSerialConsole", configureSerialConsole, [
  ["listens on a socket in the VM's directory", {}, [
    '<serial type="unix"><source mode="bind" path="@VMDIR@/serial0.sock"/><target port="0"/></serial>',
  ]],
  ["is left out when asked", { devices: { autoattachSerialConsole: false } }, []],
]);
