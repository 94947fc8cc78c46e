import assert from "node:assert/strict";
import { formatBytes, parseBytes } from "../../api/quantity.ts";
import type { ResourceRequirements } from "../../api/resources.ts";
import { type ClusterConfiguration, effectiveConfiguration } from "../kubevirt/configuration.ts";
import { vmi, withDomain } from "../testing/builders.ts";
import { overheadBytes } from "./overhead.ts";
import { computeResources, holderResources, wantsGuaranteed } from "./pod_resources.ts";

const DEFAULTS = effectiveConfiguration(undefined);
const configured = (change: Partial<ClusterConfiguration>) => ({ ...DEFAULTS, ...change });
const asking = (resources: ResourceRequirements) => vmi(withDomain({ resources }));
const KVM = { "devices.kubevirt.io/kvm": "1" };
const beyond = (quantity: string, instance = vmi()) =>
  formatBytes(parseBytes(quantity) + overheadBytes(instance, DEFAULTS));

Deno.test("computeResources() requests 100m per vCPU, and the guest's memory with its overhead", () => {
  const instance = vmi(withDomain({ cpu: { sockets: 2, cores: 2, threads: 1 } }));
  assert.deepEqual(computeResources(instance, DEFAULTS), {
    requests: {
      cpu: "400m",
      memory: beyond("512Mi", instance),
      "ephemeral-storage": "50M",
      ...KVM,
    },
    limits: KVM,
  });
});

Deno.test("computeResources() takes the user's requests, and adds the overhead", () => {
  const instance = asking({ requests: { cpu: "1500m", memory: "1Gi", "example.com/dongle": 1 } });
  assert.deepEqual(computeResources(instance, DEFAULTS).requests, {
    "example.com/dongle": "1",
    cpu: "1500m",
    memory: beyond("1Gi"),
    "ephemeral-storage": "50M",
    ...KVM,
  });
});

Deno.test("computeResources() limits only what the user limits, so that the guest can use all of its own", () => {
  const { limits } = computeResources(asking({ limits: { memory: "512Mi", cpu: 2 } }), DEFAULTS);
  assert.deepEqual(limits, { cpu: "2", memory: beyond("512Mi"), ...KVM });
  assert.deepEqual(computeResources(vmi(), DEFAULTS).limits, KVM);
  const emulated = computeResources(vmi(), configured({ useEmulation: true }));
  assert.equal(emulated.limits, undefined);
});

Deno.test("computeResources() leaves the overhead out of the request when the user says so", () => {
  const instance = asking({ overcommitGuestOverhead: true });
  assert.equal(computeResources(instance, DEFAULTS).requests?.memory, "512Mi");
});

Deno.test("computeResources() follows the cluster's overcommit ratios", () => {
  const configuration = configured({ cpuAllocationRatio: 1, memoryOvercommitPercent: 200 });
  const { requests } = computeResources(vmi(), configuration);
  assert.equal(requests?.cpu, "1");
  assert.equal(requests?.memory, beyond("256Mi"));
});

Deno.test("overheadBytes() grows with the guest, its disks, its picture and emulation", () => {
  const base = overheadBytes(vmi(), DEFAULTS);
  const mib = (bytes: number) => bytes / 1024 / 1024;
  assert.equal(mib(base), 86);
  const grown = [
    vmi(withDomain({ memory: { guest: "8Gi" } })),
    vmi(withDomain({ devices: {} })),
    vmi(withDomain({ cpu: { sockets: 8 } })),
    vmi(withDomain({ devices: { autoattachGraphicsDevice: false, disks: [{ name: "a" }] } })),
  ];
  for (const instance of grown) assert.ok(overheadBytes(instance, DEFAULTS) > base);
  const emulated = configured({ useEmulation: true });
  assert.equal(mib(overheadBytes(vmi(), emulated)), 187);
  const small = vmi(withDomain({ memory: { guest: "256Mi" } }));
  assert.ok(mib(overheadBytes(small, emulated)) < 187 - 48 + 1);
  assert.equal(mib(overheadBytes(vmi(), configured({ overheadRatio: 2 }))), 172);
});

Deno.test("overheadBytes() adds what the user reserves", () => {
  const instance = vmi(
    withDomain({ memory: { guest: "512Mi", reservedOverhead: { addedOverhead: "100Mi" } } }),
  );
  assert.equal(
    overheadBytes(instance, DEFAULTS) - overheadBytes(vmi(), DEFAULTS),
    parseBytes("100Mi"),
  );
});

Deno.test("wantsGuaranteed() holds when limits and requests are equal", () => {
  assert.equal(wantsGuaranteed(asking({ limits: { cpu: 1, memory: "512Mi" } })), true);
  assert.equal(
    wantsGuaranteed(asking({
      limits: { cpu: 1, memory: "512Mi" },
      requests: { cpu: "1000m", memory: "512Mi" },
    })),
    true,
  );
  assert.equal(wantsGuaranteed(asking({ limits: { cpu: 1, memory: "1Gi" } })), false);
  assert.equal(wantsGuaranteed(vmi()), false);
  const { requests, limits } = holderResources({ guaranteed: true });
  assert.deepEqual(requests, limits);
});
