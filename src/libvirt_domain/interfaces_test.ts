import { configureInterfaces } from "./interfaces.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureInterfaces", configureInterfaces, [
  ["uses the tap that is there", {
    devices: { interfaces: [{ name: "default", masquerade: {} }] },
    facts: {
      interfaces: { default: { tap: "tap0", macAddress: "02:00:00:00:00:01", mtu: 1450 } },
    },
  }, [
    '<interface type="ethernet"><mac address="02:00:00:00:00:01"/><target dev="tap0" managed="no"/>' +
    '<model type="virtio-non-transitional"/><mtu size="1450"/><rom enabled="no"/>' +
    '<alias name="ua-default"/></interface>',
  ]],
  ["has queues for each vCPU when asked, and other models", {
    domain: { cpu: { cores: 2 } },
    devices: {
      networkInterfaceMultiqueue: true,
      interfaces: [
        { name: "a", bootOrder: 2, acpiIndex: 7 },
        { name: "b", model: "e1000e", state: "down" },
      ],
    },
    facts: {
      interfaces: {
        a: { tap: "tap0", macAddress: "02:00:00:00:00:01", mtu: 1500 },
        b: { tap: "tap1", macAddress: "02:00:00:00:00:02", mtu: 1500 },
      },
    },
  }, [
    '<interface type="ethernet"><mac address="02:00:00:00:00:01"/><target dev="tap0" managed="no"/>' +
    '<model type="virtio-non-transitional"/><driver name="vhost" queues="2"/><mtu size="1500"/>' +
    '<boot order="2"/><acpi index="7"/><alias name="ua-a"/></interface>',
    '<interface type="ethernet"><mac address="02:00:00:00:00:02"/><target dev="tap1" managed="no"/>' +
    '<model type="e1000e"/><mtu size="1500"/><link state="down"/><rom enabled="no"/>' +
    '<alias name="ua-b"/></interface>',
  ]],
  ["refuses a model that nobody has, and an interface without network", {
    devices: { interfaces: [{ name: "a", model: "ne3k" }, { name: "b" }] },
  }, [
    "refused: spec.domain.devices.interfaces[0].model",
    "refused: spec.domain.devices.interfaces[1].name",
  ]],
]);
