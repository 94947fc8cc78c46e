import { configureControllers } from "./controllers.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureControllers", configureControllers, [
  ["has no USB without USB devices", {}, [
    '<controller type="usb" index="0" model="none"/>',
    '<controller type="virtio-serial" index="0" model="virtio-non-transitional"/>',
  ]],
  ["has what the devices hang on", {
    devices: {
      useVirtioTransitional: true,
      inputs: [{ name: "t", type: "tablet" }],
      disks: [{ name: "d", disk: { bus: "scsi" } }],
    },
  }, [
    '<controller type="usb" index="0" model="qemu-xhci"/>',
    '<controller type="scsi" index="0" model="virtio-transitional"/>',
    '<controller type="virtio-serial" index="0" model="virtio-transitional"/>',
  ]],
]);
