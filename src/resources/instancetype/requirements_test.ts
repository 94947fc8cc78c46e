import assert from "node:assert/strict";
import type { CPU } from "../../api/cpu.ts";
import type { PreferenceRequirements, VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import { unmetRequirements } from "./requirements.ts";
import type { Size } from "./size.ts";

const TEMPLATE = "spec.template.spec";

function needing(
  requirements: PreferenceRequirements,
  cpu?: VirtualMachinePreferenceSpec["cpu"],
): Size {
  return { preference: { requirements, ...(cpu && { cpu }) } };
}

function sized(size: Size, guest: number, memory: string): Size {
  return { ...size, instancetype: { cpu: { guest }, memory: { guest: memory } } };
}

/** What is needed and given, the guest's processors and memory, and the fields that are refused. */
const ROWS: readonly [Size, CPU, string, string[]][] = [
  [{}, {}, "1Gi", []],
  [needing({ cpu: { guest: 1 } }), {}, "1Gi", []],
  [needing({ cpu: { guest: 2 } }), { sockets: 2 }, "1Gi", []],
  [needing({ cpu: { guest: 2 } }), { cores: 2 }, "1Gi", [`${TEMPLATE}.domain.cpu.sockets`]],
  [needing({ cpu: { guest: 2 } }, { preferredCPUTopology: "cores" }), { cores: 2 }, "1Gi", []],
  [
    needing({ cpu: { guest: 4 } }, { preferredCPUTopology: "any" }),
    { cores: 2, sockets: 2 },
    "1Gi",
    [],
  ],
  [
    needing({ cpu: { guest: 4 } }, { preferredCPUTopology: "spread" }),
    { cores: 2, threads: 2 },
    "1Gi",
    [
      `${TEMPLATE}.domain.cpu.sockets, ${TEMPLATE}.domain.cpu.cores`,
    ],
  ],
  [sized(needing({ cpu: { guest: 4 } }), 4, "1Gi"), {}, "1Gi", []],
  [sized(needing({ cpu: { guest: 4 } }), 2, "1Gi"), {}, "1Gi", ["spec.instancetype"]],
  [needing({ memory: { guest: "1.5Gi" } }), {}, "1536Mi", []],
  [needing({ memory: { guest: "2Gi" } }), {}, "1Gi", [`${TEMPLATE}.domain.memory`]],
  [sized(needing({ memory: { guest: "2Gi" } }), 1, "1Gi"), {}, "8Gi", ["spec.instancetype"]],
  [needing({ architecture: "amd64" }), {}, "1Gi", []],
  [needing({ architecture: "arm64" }), {}, "1Gi", [`${TEMPLATE}.architecture`]],
  [sized(needing({ cpu: { guest: 4 }, memory: { guest: "2Gi" } }), 1, "1Gi"), {}, "1Gi", [
    "spec.instancetype",
    "spec.instancetype",
  ]],
];

for (const [size, cpu, guest, fields] of ROWS) {
  Deno.test(`unmetRequirements() of ${JSON.stringify({ size, cpu, guest })}`, () => {
    const spec = { architecture: "amd64", domain: { devices: {}, cpu, memory: { guest } } };
    const causes = unmetRequirements(spec, size);
    assert.deepEqual(causes.map(({ field }) => field), fields);
    for (const { message } of causes) {
      assert.match(message, /^failure checking preference requirements: /);
    }
  });
}
