import assert from "node:assert/strict";
import { type GuestNetwork, guestNetwork } from "./ipv4.ts";

const ROWS: [cidr: string, expected: GuestNetwork | undefined][] = [
  ["10.0.2.0/24", { gateway: "10.0.2.1", guest: "10.0.2.2", prefixLength: 24 }],
  ["192.168.255.7/30", { gateway: "192.168.255.5", guest: "192.168.255.6", prefixLength: 30 }],
  ["255.255.0.0/16", { gateway: "255.255.0.1", guest: "255.255.0.2", prefixLength: 16 }],
  ["10.0.2.0/31", undefined],
  ["10.0.2.0", undefined],
  ["10.0.256.0/24", undefined],
  ["fd10::/120", undefined],
  ["10.0.2.0/24; flush ruleset", undefined],
];

for (const [cidr, expected] of ROWS) {
  Deno.test(`guestNetwork() of ${cidr}`, () => assert.deepEqual(guestNetwork(cidr), expected));
}
