import assert from "node:assert/strict";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { vmi, withDomain, withSpec } from "../testing/builders.ts";
import { unservedFields } from "./unserved_fields.ts";

const served: VirtualMachineInstanceSpec = vmi(withSpec({
  networks: [{ name: "default", pod: {} }],
  volumes: [
    { name: "root", containerDisk: { image: "i" } },
    { name: "init", cloudInitNoCloud: { userData: "#cloud-config" } },
    { name: "drive", cloudInitConfigDrive: { userData: "#cloud-config" } },
    { name: "scratch", emptyDisk: { capacity: "1Gi" } },
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
  ],
})).spec;

Deno.test("unservedFields() has nothing against what the pod can hold", () => {
  assert.deepEqual(unservedFields(served), []);
});

const TABLE: [path: string, spec: VirtualMachineInstanceSpec][] = [
  [
    "spec.volumes[1].dataVolume",
    vmi(withSpec({
      volumes: [
        { name: "a", emptyDisk: { capacity: 1 } },
        { name: "b", dataVolume: { name: "c" } },
      ],
    })).spec,
  ],
  [
    "spec.volumes[0].persistentVolumeClaim.hotpluggable",
    vmi(withSpec({
      volumes: [{ name: "a", persistentVolumeClaim: { claimName: "c", hotpluggable: true } }],
    })).spec,
  ],
  [
    "spec.volumes[0].name",
    vmi(withSpec({ volumes: [{ name: "compute", containerDisk: { image: "i" } }] })).spec,
  ],
  [
    "spec.networks[0].multus",
    vmi(withSpec({ networks: [{ name: "n", multus: { networkName: "blue" } }] })).spec,
  ],
  [
    "spec.domain.devices.gpus",
    vmi(withDomain({ devices: { gpus: [{ name: "g", deviceName: "d" }] } })).spec,
  ],
  ["spec.domain.devices.tpm", vmi(withDomain({ devices: { tpm: {} } })).spec],
  [
    "spec.domain.cpu.dedicatedCpuPlacement",
    vmi(withDomain({ cpu: { dedicatedCpuPlacement: true } })).spec,
  ],
  [
    "spec.domain.memory.hugepages",
    vmi(withDomain({ memory: { hugepages: { pageSize: "2Mi" } } })).spec,
  ],
  [
    "spec.readinessProbe.guestAgentPing",
    vmi(withSpec({ readinessProbe: { guestAgentPing: {} } })).spec,
  ],
];

for (const [path, spec] of TABLE) {
  Deno.test(`unservedFields() names ${path}`, () => {
    assert.deepEqual(unservedFields(spec), [path]);
  });
}

Deno.test("unservedFields() does not mind a feature that is turned off", () => {
  assert.deepEqual(
    unservedFields(vmi(withDomain({ devices: { tpm: { enabled: false } } })).spec),
    [],
  );
});
