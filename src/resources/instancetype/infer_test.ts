import assert from "node:assert/strict";
import type { VirtualMachine, VirtualMachineSpec } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { DATA_SOURCES, DATA_VOLUMES, PERSISTENT_VOLUME_CLAIMS } from "../../kube/core_resources.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import type { Resource } from "../../kube/client.ts";
import { vm } from "../testing/builders.ts";
import { inferMatchers } from "./infer.ts";
import { withInferences } from "./inferred.ts";

const LABELS = {
  "instancetype.kubevirt.io/default-instancetype": "u1.small",
  "instancetype.kubevirt.io/default-preference": "fedora",
  "instancetype.kubevirt.io/default-preference-kind": "VirtualMachinePreference",
};

const CLAIM = { name: "root", persistentVolumeClaim: { claimName: "disk" } };
const DATA_VOLUME = { name: "root", dataVolume: { name: "disk" } };

type Volume = NonNullable<VirtualMachineInstanceSpec["volumes"]>[number];

function machine(volume: Volume, spec: Partial<VirtualMachineSpec> = {}): VirtualMachine {
  const made = vm();
  return {
    ...made,
    spec: {
      ...made.spec,
      instancetype: { inferFromVolume: "root" },
      preference: { inferFromVolume: "root" },
      template: {
        spec: { domain: { devices: {}, memory: { guest: "512Mi" } }, volumes: [volume] },
      },
      ...spec,
    },
  };
}

type Stored = [
  Resource,
  string,
  { namespace?: string; labels?: Record<string, string>; spec?: unknown },
];

async function infer(made: VirtualMachine, stored: readonly Stored[]) {
  const client = new FakeClient({});
  for (const [resource, name, { namespace = "shop", labels = {}, spec = {} }] of stored) {
    const object = { metadata: { name, labels }, spec };
    await client.create(resource, object, { namespace });
  }
  const inferences = await inferMatchers(client, made, AbortSignal.timeout(1_000));
  return withInferences(made, inferences);
}

const IMAGES = { namespace: "images" };
const COPY = { source: { pvc: { name: "fedora", namespace: "images" } } };
const REFERENCE = { sourceRef: { kind: "DataSource", name: "fedora", namespace: "images" } };

/** Where the labels are, and how they are reached. */
const PATHS: readonly [string, VirtualMachine, readonly Stored[]][] = [
  ["a claim", machine(CLAIM), [[PERSISTENT_VOLUME_CLAIMS, "disk", { labels: LABELS }]]],
  ["a DataVolume", machine(DATA_VOLUME), [[DATA_VOLUMES, "disk", { labels: LABELS }]]],
  ["the claim of a DataVolume that is gone", machine(DATA_VOLUME), [
    [PERSISTENT_VOLUME_CLAIMS, "disk", { labels: LABELS }],
  ]],
  ["the claim that a DataVolume copies", machine(DATA_VOLUME), [
    [DATA_VOLUMES, "disk", { spec: COPY }],
    [PERSISTENT_VOLUME_CLAIMS, "fedora", { ...IMAGES, labels: LABELS }],
  ]],
  ["the DataSource that a DataVolume names", machine(DATA_VOLUME), [
    [DATA_VOLUMES, "disk", { spec: REFERENCE }],
    [DATA_SOURCES, "fedora", { ...IMAGES, labels: LABELS }],
  ]],
  [
    "the claim of the DataSource that a template names",
    machine(DATA_VOLUME, {
      dataVolumeTemplates: [{ metadata: { name: "disk" }, spec: REFERENCE }],
    }),
    [
      [DATA_SOURCES, "fedora", { ...IMAGES, spec: COPY }],
      [PERSISTENT_VOLUME_CLAIMS, "fedora", { ...IMAGES, labels: LABELS }],
    ],
  ],
];

for (const [where, made, stored] of PATHS) {
  Deno.test(`inferMatchers() reads the labels of ${where}`, async () => {
    const inferred = await infer(made, stored);
    assert.ok("vm" in inferred, JSON.stringify(inferred));
    const { instancetype, preference } = inferred.vm.spec;
    assert.deepEqual(instancetype, { name: "u1.small" });
    assert.deepEqual(preference, { name: "fedora", kind: "VirtualMachinePreference" });
  });
}

/** What cannot be inferred from, and whether policy Ignore puts up with it. */
const FAILURES: readonly [string, VirtualMachine, readonly Stored[], boolean, RegExp][] = [
  ["no such volume", machine({ ...CLAIM, name: "other" }), [], false, /unable to find volume root/],
  ["no such claim", machine(CLAIM), [], false, /persistentvolumeclaims "disk" not found/],
  ["no label", machine(CLAIM), [[PERSISTENT_VOLUME_CLAIMS, "disk", {}]], true, /required .* label/],
  ["an image", machine({ name: "root", containerDisk: { image: "x" } }), [], true, /not supported/],
];

for (const [what, made, stored, ignorable, why] of FAILURES) {
  Deno.test(`inferMatchers() says why nothing follows from ${what}`, async () => {
    const rejected = await infer(made, stored);
    assert.ok("causes" in rejected);
    assert.deepEqual(rejected.causes.map(({ field }) => field), [
      "spec.instancetype.inferFromVolume",
      "spec.preference.inferFromVolume",
    ]);
    assert.match(rejected.causes[0]?.message ?? "", why);
    const matcher = { inferFromVolume: "root", inferFromVolumeFailurePolicy: "Ignore" };
    const tolerant = {
      ...made,
      spec: { ...made.spec, instancetype: matcher, preference: matcher },
    };
    const ignored = await infer(tolerant, stored);
    assert.equal("vm" in ignored, ignorable);
    if (!("vm" in ignored)) return;
    assert.deepEqual([ignored.vm.spec.instancetype, ignored.vm.spec.preference], [
      undefined,
      undefined,
    ]);
    assert.equal(ignored.vm.spec.template.spec?.domain.memory?.guest, "512Mi");
  });
}

Deno.test("withInferences() lets an inferred instancetype replace the memory beside a tolerant matcher", async () => {
  const instancetype = { inferFromVolume: "root", inferFromVolumeFailurePolicy: "Ignore" };
  const made = machine(CLAIM, { instancetype });
  const inferred = await infer(made, [[PERSISTENT_VOLUME_CLAIMS, "disk", { labels: LABELS }]]);
  assert.ok("vm" in inferred);
  assert.equal(inferred.vm.spec.template.spec?.domain.memory, undefined);
  assert.equal(made.spec.template.spec?.domain.memory?.guest, "512Mi");
});
