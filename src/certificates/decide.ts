/**
 * When an authority and a leaf are replaced. The next authority is published long enough before it signs anything that
 * everybody has it in the bundle by then:
 *
 *   (nothing) --create--> current --at 80 % of its life: publish next--> current + next
 *                            ^                                              |
 *                            |                          after PUBLISHED_MS: promote
 *                            +----- next becomes current, current becomes previous (stays in the bundle until it ends)
 */

/** As upstream: short enough that rotation is nothing special. */
export const AUTHORITY_LIFE_MS = 7 * 24 * 3_600_000;
export const LEAF_LIFE_MS = 24 * 3_600_000;
/** How long an authority is in the bundle before it signs. */
export const PUBLISHED_MS = 10 * 60_000;
const AUTHORITY_RENEW_SHARE = 0.8;
const LEAF_RENEW_SHARE = 2 / 3;

/** A span of validity, in milliseconds since the epoch. */
export interface Life {
  notBeforeMs: number;
  notAfterMs: number;
}

export interface AuthorityWorld {
  nowMs: number;
  current: Life | undefined;
  next: Life | undefined;
}

export type AuthorityAction = "create" | "keep" | "publish_next" | "promote_next";

/** What to do with the authority now. An authority that has ended is replaced at once. */
export function decideAuthority(world: AuthorityWorld): AuthorityAction {
  const { nowMs, current, next } = world;
  if (current === undefined) return "create";
  if (next !== undefined && nowMs < next.notAfterMs) {
    const published = nowMs >= next.notBeforeMs + PUBLISHED_MS;
    return published || nowMs >= current.notAfterMs ? "promote_next" : "keep";
  }
  if (nowMs >= current.notAfterMs) return "create";
  return isDue(current, { nowMs, share: AUTHORITY_RENEW_SHARE }) ? "publish_next" : "keep";
}

/** Whether a leaf is to be issued anew. */
export function decideLeaf(world: { nowMs: number; current: Life | undefined }): "keep" | "renew" {
  if (world.current === undefined) return "renew";
  return isDue(world.current, { nowMs: world.nowMs, share: LEAF_RENEW_SHARE }) ? "renew" : "keep";
}

/** When a leaf is due: the moment that {@link decideLeaf} says "renew". */
export function leafRenewalMs(life: Life): number {
  return dueMs(life, LEAF_RENEW_SHARE);
}

function isDue(life: Life, at: { nowMs: number; share: number }): boolean {
  return at.nowMs >= dueMs(life, at.share);
}

function dueMs(life: Life, share: number): number {
  return life.notBeforeMs + share * (life.notAfterMs - life.notBeforeMs);
}
