import assert from "node:assert/strict";
import {
  formatRange,
  isHostOf,
  maskedIpv4,
  overlaps,
  parseIpv4,
  parseIpv4Range,
} from "./ipv4_range.ts";

Deno.test("parseIpv4() takes addresses in the one form that Kubernetes takes", () => {
  assert.equal(parseIpv4("10.0.0.1"), 0x0a_00_00_01);
  assert.equal(parseIpv4("255.255.255.255"), 2 ** 32 - 1);
  for (const wrong of ["", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1.1", "::1", "a.b.c.d"]) {
    assert.equal(parseIpv4(wrong), undefined, wrong);
  }
});

Deno.test("maskedIpv4() leaves out the bits of hosts", () => {
  const rows: [cidr: string, masked: string | undefined][] = [
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["192.0.2.1/32", "192.0.2.1/32"],
    ["1.2.3.4/0", "0.0.0.0/0"],
    ["10.0.0.0/33", undefined],
    ["10.0.0.0", undefined],
    ["2001:db8::/64", undefined],
    ["10.0.0.0/8 accept", undefined],
  ];
  for (const [cidr, masked] of rows) assert.equal(maskedIpv4(cidr), masked, cidr);
});

Deno.test("overlaps() and isHostOf() know where a network begins and ends", () => {
  const [a, b, whole] = ["10.213.0.0/20", "10.213.16.0/20", "10.0.0.0/8"]
    .map((cidr) => parseIpv4Range(cidr)!);
  assert.ok(!overlaps(a!, b!) && overlaps(a!, whole!) && overlaps(whole!, b!));
  const hosts = ["10.213.15.255", "10.213.16.0", "10.213.16.1", "10.213.31.254", "10.213.31.255"]
    .map((address) => isHostOf(b!, parseIpv4(address)!));
  assert.deepEqual(hosts, [false, false, true, true, false]);
  assert.equal(formatRange(b!), "10.213.16.0/20");
});
