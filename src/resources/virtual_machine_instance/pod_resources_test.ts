import assert from "node:assert/strict";
import { formatBytes, parseBytes } from "../../api/quantity.ts";
import type { ResourceRequirements } from "../../api/resources.ts";
import { type ClusterConfiguration, effectiveConfiguration } from "../kubevirt/configuration.ts";
import { type QosClass, qosClass } from "../quality_of_service.ts";
import { vmi, withDomain } from "../testing/builders.ts";
import { overheadBytes } from "./overhead.ts";
import { computeResources, holderResources } from "./pod_resources.ts";

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

Deno.test("computeResources() requests the memory that is limited, where none is requested", () => {
  for (const requests of [{}, { memory: 0 }]) {
    const { requests: requested } = computeResources(
      asking({ limits: { memory: "1Gi" }, requests }),
      configured({ memoryOvercommitPercent: 200 }),
    );
    assert.equal(requested?.memory, beyond("1Gi"));
  }
});

/** Of a pod with images to hold. */
const QOS_CLASSES: { name: string; resources: ResourceRequirements; is: QosClass }[] = [
  { name: "nothing is said", resources: {}, is: "Burstable" },
  {
    name: "there are limits alone",
    resources: { limits: { cpu: 1, memory: "1Gi" } },
    is: "Guaranteed",
  },
  {
    name: "limits are requests in other words",
    resources: {
      limits: { cpu: 1, memory: "512Mi" },
      requests: { cpu: "1000m", memory: "524288Ki" },
    },
    is: "Guaranteed",
  },
  { name: "only CPU is limited", resources: { limits: { cpu: 1 } }, is: "Burstable" },
  {
    name: "less memory is requested than the limit",
    resources: { limits: { cpu: 1, memory: "512Mi" }, requests: { memory: "256Mi" } },
    is: "Burstable",
  },
  {
    name: "less CPU is requested than the limit",
    resources: { limits: { cpu: 1, memory: "512Mi" }, requests: { cpu: "500m" } },
    is: "Burstable",
  },
  {
    name: "the overhead is overcommitted",
    resources: { limits: { cpu: 1, memory: "512Mi" }, overcommitGuestOverhead: true },
    is: "Burstable",
  },
];
for (const { name, resources, is } of QOS_CLASSES) {
  Deno.test(`holderResources() leave the pod ${is} where ${name}`, () => {
    const compute = computeResources(asking(resources), DEFAULTS);
    const holder = holderResources(compute);
    assert.equal(qosClass({ containers: [{ resources: compute }, { resources: holder }] }), is);
    // A limit of CPU would slow the start of the container, so only a pod that gains from it has one.
    assert.equal(holder.limits?.cpu !== undefined, is === "Guaranteed");
  });
}
