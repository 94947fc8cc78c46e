import assert from "node:assert/strict";
import { isFinalPhase, VirtualMachineInstancePhase } from "./phases.ts";

Deno.test("isFinalPhase() is true of Succeeded and Failed alone", () => {
  const final = Object.values(VirtualMachineInstancePhase).filter(isFinalPhase);
  assert.deepEqual(final.sort(), ["Failed", "Succeeded"]);
  assert.equal(isFinalPhase(undefined), false);
});
