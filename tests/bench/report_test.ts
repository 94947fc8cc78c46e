import assert from "node:assert/strict";
import { formatTable } from "./report.ts";

Deno.test("formatTable() shows a figure beside its reference", () => {
  const text = formatTable({
    machine: { cpus: 2, memoryGiB: 23.4, note: "shared" },
    rows: [{ id: "P4", measure: "P50", unit: "ms", ours: 61.234, reference: 40, aim: "<= 60 ms" }],
    requests: { "VM lives": { controller: { "create pods": 1 } } },
  });
  assert.match(text, /^P4 +P50 +61\.2 ms +40 ms +<= 60 ms$/m);
  assert.match(text, /^ {2}controller +create pods +1$/m);
});
