import assert from "node:assert/strict";
import { parseIpv4Range } from "../../ipv4_range.ts";
import { usedRanges, whyNotFree } from "./used_ranges.ts";

const used = [
  { interface: "eth0", range: parseIpv4Range("192.0.2.0/24")! },
  { interface: "denovirt0", range: parseIpv4Range("10.213.0.0/20")! },
];

const CASES = [
  { wanted: "10.214.0.0/20", bridge: "denovirt0", why: undefined },
  { wanted: "10.213.0.0/20", bridge: "denovirt0", why: undefined },
  {
    wanted: "10.213.8.0/24",
    bridge: "denovirt1",
    why: "10.213.0.0/20 is that of interface denovirt0",
  },
  {
    wanted: "192.0.0.0/16",
    bridge: "denovirt0",
    why: "192.0.2.0/24 is that of interface eth0",
  },
];

for (const { wanted, bridge, why } of CASES) {
  Deno.test(`whyNotFree() of ${wanted} for ${bridge}: ${why ?? "free"}`, () => {
    assert.equal(whyNotFree(parseIpv4Range(wanted)!, { used, bridge }), why);
  });
}

Deno.test("usedRanges() has that of the loopback interface", () => {
  const range = parseIpv4Range("127.0.0.0/8");
  assert.ok(usedRanges().some((each) => each.range.first === range?.first));
});
