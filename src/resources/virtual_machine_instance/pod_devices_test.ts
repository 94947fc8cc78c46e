import assert from "node:assert/strict";
import { effectiveConfiguration } from "../kubevirt/configuration.ts";
import { vmi, withDomain } from "../testing/builders.ts";
import { deviceRequests } from "./pod_devices.ts";

const DEFAULTS = effectiveConfiguration(undefined);
const EMULATED = { ...DEFAULTS, useEmulation: true };
const KVM = { "devices.kubevirt.io/kvm": "1" };
const TUN = { "devices.kubevirt.io/tun": "1" };
const VHOST_NET = { "devices.kubevirt.io/vhost-net": "1" };

const withModels = (...models: (string | undefined)[]) => {
  const interfaces = models.map((model, index) => ({
    name: `net${index}`,
    masquerade: {},
    ...(model !== undefined && { model }),
  }));
  return vmi(withDomain({ devices: { interfaces } }));
};

for (
  const [what, instance, kvm, emulated] of [
    ["no interface", vmi(), KVM, {}],
    [
      "an interface of the default model",
      withModels(undefined),
      { ...KVM, ...TUN, ...VHOST_NET },
      TUN,
    ],
    ["a virtio interface", withModels("virtio"), { ...KVM, ...TUN, ...VHOST_NET }, TUN],
    ["another model", withModels("e1000e"), { ...KVM, ...TUN }, TUN],
    ["one of several", withModels("e1000e", "virtio"), { ...KVM, ...TUN, ...VHOST_NET }, TUN],
  ] as const
) {
  Deno.test(`deviceRequests() for ${what}`, () => {
    assert.deepEqual(deviceRequests(instance, DEFAULTS), kvm);
    assert.deepEqual(deviceRequests(instance, EMULATED), emulated);
  });
}
