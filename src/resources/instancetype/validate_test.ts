import assert from "node:assert/strict";
import type { MemoryInstancetype } from "../../api/instancetype.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import {
  instancetypeWarnings,
  preferenceWarnings,
  validateInstancetype,
  validatePreference,
} from "./validate.ts";

const OVERCOMMIT = "spec.memory.overcommitPercent";

const MEMORY_ROWS: readonly [Partial<MemoryInstancetype>, string[]][] = [
  [{}, []],
  [{ overcommitPercent: 100 }, []],
  [{ overcommitPercent: 101 }, [OVERCOMMIT]],
  [{ overcommitPercent: -1 }, [OVERCOMMIT]],
  [{ overcommitPercent: 15, hugepages: {} }, [OVERCOMMIT]],
  [{ hugepages: { pageSize: "2Mi" } }, []],
];

for (const [memory, fields] of MEMORY_ROWS) {
  Deno.test(`validateInstancetype() of ${JSON.stringify(memory)}`, () => {
    const causes = validateInstancetype({ cpu: { guest: 1 }, memory: { guest: "1Gi", ...memory } });
    assert.deepEqual(causes.map(({ field }) => field), fields);
  });
}

const CPU_ROWS: readonly [VirtualMachinePreferenceSpec["cpu"], string[]][] = [
  [undefined, []],
  [{ preferredCPUTopology: "spread" }, []],
  [{ preferredCPUTopology: "preferAny" }, []],
  [{ preferredCPUTopology: "hyper" }, ["spec.cpu.preferredCPUTopology"]],
  [{ preferredCPUTopology: "spread", spreadOptions: { across: "Nodes" } }, [
    "spec.cpu.spreadOptions.across",
  ]],
  [{ preferredCPUTopology: "spread", spreadOptions: { across: "CoresThreads", ratio: 4 } }, [
    "spec.cpu.spreadOptions.ratio",
  ]],
  [{ preferredCPUTopology: "cores", spreadOptions: { across: "CoresThreads", ratio: 4 } }, []],
];

for (const [cpu, fields] of CPU_ROWS) {
  Deno.test(`validatePreference() of ${JSON.stringify(cpu)}`, () => {
    const causes = validatePreference(cpu === undefined ? {} : { cpu });
    assert.deepEqual(causes.map(({ field }) => field), fields);
  });
}

Deno.test("instancetypeWarnings() and preferenceWarnings() name what is deprecated and what to use", () => {
  const sev = { cpu: { guest: 1 }, memory: { guest: "1Gi" }, launchSecurity: { sev: {} } };
  assert.match(instancetypeWarnings(sev)[0] ?? "", /launchSecurity is deprecated/);
  const old = { cpu: { preferredCPUTopology: "preferSpread" } };
  assert.match(preferenceWarnings(old)[0] ?? "", /preferSpread is deprecated, .* spread instead/);
  assert.deepEqual(preferenceWarnings({ cpu: { preferredCPUTopology: "spread" } }), []);
});
