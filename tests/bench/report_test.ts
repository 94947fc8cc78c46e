import assert from "node:assert/strict";
import { formatJson, formatTable, type Report } from "./report.ts";

const REPORT: Report = {
  machine: { cpus: 2, memoryGiB: 23.4, note: "shared" },
  rows: [
    { id: "P4", measure: "P50", unit: "ms", ours: 61.234, reference: 40, aim: { atMost: 60 } },
    {
      id: "P9",
      measure: "start",
      unit: "ms",
      ours: 50,
      reference: 40,
      aim: { atMost: 1.3, times: "reference" },
    },
    { id: "P2", measure: "etcd", unit: "s", ours: 1 },
    { id: "API", measure: "objects", unit: "/s", ours: 1_200, aim: { atLeast: 1_000 } },
  ],
  requests: { "VM lives": { controller: { "create pods": 1 } } },
};

Deno.test("formatTable() shows a figure beside its reference, and whether its aim is met", () => {
  const text = formatTable(REPORT);
  assert.match(text, /^P4 +P50 +61\.2 ms +40 ms +<= 60 ms +no$/m);
  assert.match(text, /^P9 +start +50 ms +40 ms +<= 1\.3 x reference +yes$/m);
  assert.match(text, /^P2 +etcd +1 s$/m);
  assert.match(text, /^API +objects +1200 \/s +>= 1000 \/s +yes$/m);
  assert.match(text, /^ {2}controller +create pods +1$/m);
});

Deno.test("formatJson() says of each row whether its aim is met", () => {
  const { rows } = JSON.parse(formatJson(REPORT)) as { rows: { met?: boolean }[] };
  assert.deepEqual(rows.map(({ met }) => met), [false, true, undefined, true]);
});
