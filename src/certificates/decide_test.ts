import assert from "node:assert/strict";
import {
  AUTHORITY_LIFE_MS,
  type AuthorityAction,
  type AuthorityWorld,
  decideAuthority,
  decideLeaf,
  type Life,
  PUBLISHED_MS,
} from "./decide.ts";

const T = 1_000_000_000_000;
const life: Life = { notBeforeMs: T, notAfterMs: T + AUTHORITY_LIFE_MS };
const lateMs = T + 0.8 * AUTHORITY_LIFE_MS;
const next: Life = { notBeforeMs: lateMs, notAfterMs: lateMs + AUTHORITY_LIFE_MS };

const AUTHORITIES: [string, AuthorityWorld, AuthorityAction][] = [
  ["nothing exists", { nowMs: T, current: undefined, next: undefined }, "create"],
  ["fresh", { nowMs: T + 1, current: life, next: undefined }, "keep"],
  ["just before 80 %", { nowMs: lateMs - 1, current: life, next: undefined }, "keep"],
  ["at 80 %", { nowMs: lateMs, current: life, next: undefined }, "publish_next"],
  ["next is too young to sign", { nowMs: lateMs + PUBLISHED_MS - 1, current: life, next }, "keep"],
  ["next is known", { nowMs: lateMs + PUBLISHED_MS, current: life, next }, "promote_next"],
  ["ended without a next", { nowMs: life.notAfterMs, current: life, next: undefined }, "create"],
  [
    "ended while next is young",
    { nowMs: life.notAfterMs, current: life, next: { ...next, notBeforeMs: life.notAfterMs } },
    "promote_next",
  ],
  ["both ended", { nowMs: next.notAfterMs, current: life, next }, "create"],
];

Deno.test("decideAuthority() publishes an authority before it signs", () => {
  for (const [name, world, action] of AUTHORITIES) {
    assert.equal(decideAuthority(world), action, name);
  }
});

Deno.test("decideLeaf() renews at two thirds of the life", () => {
  const leaf: Life = { notBeforeMs: T, notAfterMs: T + 300 };
  assert.equal(decideLeaf({ nowMs: T, current: undefined }), "renew");
  assert.equal(decideLeaf({ nowMs: T + 199, current: leaf }), "keep");
  assert.equal(decideLeaf({ nowMs: T + 200, current: leaf }), "renew");
  assert.equal(decideLeaf({ nowMs: T + 1000, current: leaf }), "renew");
});
