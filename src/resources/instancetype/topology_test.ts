import assert from "node:assert/strict";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import { guestTopology } from "./topology.ts";

function preferring(
  preferredCPUTopology: string,
  spreadOptions?: { across?: string; ratio?: number },
): VirtualMachinePreferenceSpec {
  return { cpu: { preferredCPUTopology, ...(spreadOptions && { spreadOptions }) } };
}

/** Processors, preference, and sockets, cores and threads or what is said instead. */
const ROWS: readonly [number, VirtualMachinePreferenceSpec | undefined, number[] | RegExp][] = [
  [4, undefined, [4, 1, 1]],
  [4, {}, [4, 1, 1]],
  [4, preferring("sockets"), [4, 1, 1]],
  [4, preferring("cores"), [1, 4, 1]],
  [4, preferring("threads"), [1, 1, 4]],
  [4, preferring("any"), [4, 1, 1]],
  [4, preferring("preferCores"), [1, 4, 1]],
  [8, preferring("spread"), [4, 2, 1]],
  [8, preferring("spread", { ratio: 4 }), [2, 4, 1]],
  [8, { ...preferring("spread"), preferSpreadSocketToCoreRatio: 8 }, [1, 8, 1]],
  [8, preferring("spread", { across: "CoresThreads" }), [1, 4, 2]],
  [16, preferring("spread", { across: "SocketsCoresThreads", ratio: 4 }), [2, 4, 2]],
  [1, preferring("cores"), [1, 1, 1]],
  [3, preferring("spread"), /^3 vCPUs .* not divisible .* of 2 provided by the preference$/],
  [5, preferring("spread", { across: "CoresThreads" }), /threads per core 2$/],
  [6, preferring("spread", { across: "SocketsCoresThreads" }), /threads per core 2 and .* of 2$/],
];

for (const [vcpus, preference, expected] of ROWS) {
  Deno.test(`guestTopology() of ${vcpus} with ${JSON.stringify(preference)}`, () => {
    const topology = guestTopology(vcpus, preference);
    if (expected instanceof RegExp) {
      assert.match("indivisible" in topology ? topology.indivisible : "", expected);
      return;
    }
    assert.ok(!("indivisible" in topology));
    const { sockets, cores, threads } = topology;
    assert.deepEqual([sockets, cores, threads], expected);
    assert.equal(sockets * cores * threads, vcpus);
  });
}
