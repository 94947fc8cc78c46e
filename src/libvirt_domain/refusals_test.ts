import assert from "node:assert/strict";
import { refusePlaceholders, refuseUnknownFields } from "./refusals.ts";

const ROWS: [criterion: string, spec: object, fields: string[]][] = [
  ["accepts what is acted on", { domain: { devices: { disks: [{ name: "a", disk: {} }] } } }, []],
  ["names a device that nothing makes", { domain: { devices: { gpus: [{ name: "g" }] } } }, [
    "spec.domain.devices.gpus",
  ]],
  ["names fields inside lists", {
    domain: {
      devices: { disks: [{ name: "a" }, { name: "b", disk: { pciAddress: "0000:00:01.0" } }] },
    },
  }, ["spec.domain.devices.disks[1].disk.pciAddress"]],
  ["takes the presence of an object for a request", { domain: { devices: { tpm: {} } } }, [
    "spec.domain.devices.tpm",
  ]],
  ["passes over what asks for nothing", {
    accessCredentials: [],
    domain: { cpu: { dedicatedCpuPlacement: false }, devices: { hostDevices: null } },
  }, []],
  ["refuses a promise that would not be kept", {
    domain: { cpu: { dedicatedCpuPlacement: true }, memory: { hugepages: { pageSize: "2Mi" } } },
  }, ["spec.domain.cpu.dedicatedCpuPlacement", "spec.domain.memory.hugepages"]],
];

for (const [criterion, spec, fields] of ROWS) {
  Deno.test(`refuseUnknownFields() ${criterion}`, () => {
    assert.deepEqual(refuseUnknownFields(spec).map(({ field }) => field), fields);
  });
}

Deno.test("refusePlaceholders() finds text that a launch would replace", () => {
  const domain = {
    firmware: { serial: "a@FORMAT:x@" },
    devices: { disks: [{ serial: "@VMDIR@" }] },
  };
  assert.deepEqual(refusePlaceholders(domain, "spec.domain").map(({ field }) => field), [
    "spec.domain.firmware.serial",
    "spec.domain.devices.disks[0].serial",
  ]);
});
