import { configureMemoryBalloon } from "./memory_balloon.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureMemoryBalloon", configureMemoryBalloon, [
  ["gives statistics and reports free pages", {}, [
    '<memballoon model="virtio-non-transitional" freePageReporting="on"><stats period="10"/></memballoon>',
  ]],
  ["is switched off explicitly, since libvirt adds one", {
    devices: { autoattachMemBalloon: false },
  }, ['<memballoon model="none"/>']],
  ["keeps free pages when told to", {
    annotations: { "kubevirt.io/free-page-reporting-disabled": "true" },
  }, [
    '<memballoon model="virtio-non-transitional" freePageReporting="off"><stats period="10"/></memballoon>',
  ]],
]);
