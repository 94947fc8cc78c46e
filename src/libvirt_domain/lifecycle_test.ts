import { configureLifecycle } from "./lifecycle.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureLifecycle", configureLifecycle, [
  ["restarts on reboot", {}, [
    "<on_poweroff>destroy</on_poweroff>",
    "<on_reboot>restart</on_reboot>",
    "<on_crash>destroy</on_crash>",
  ]],
  ["ends on reboot with policy Terminate", { domain: { rebootPolicy: "Terminate" } }, [
    "<on_poweroff>destroy</on_poweroff>",
    "<on_reboot>destroy</on_reboot>",
    "<on_crash>destroy</on_crash>",
  ]],
]);
