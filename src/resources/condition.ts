/** Conditions in the shape that all our kinds share; lists are values, never changed in place. */
import { toWholeSeconds } from "./timestamp.ts";

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string | null;
}

export function findCondition<T extends Condition>(
  conditions: readonly T[] | undefined,
  type: string,
): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function hasCondition(
  conditions: readonly Condition[] | undefined,
  wanted: { type: string; status: string; reason?: string },
): boolean {
  const found = findCondition(conditions, wanted.type);
  return found !== undefined && found.status === wanted.status &&
    (wanted.reason === undefined || found.reason === wanted.reason);
}

/**
 * The list with this condition in it. The transition time moves only when the status does, so that an unchanged condition
 * makes no write.
 */
export function withCondition<T extends Condition>(
  conditions: readonly T[] | undefined,
  wanted: { type: string; status: string; reason?: string; message?: string },
  now: string,
): T[] {
  const list = conditions ?? [];
  const before = findCondition(list, wanted.type);
  const lastTransitionTime = before?.status === wanted.status && before.lastTransitionTime
    ? before.lastTransitionTime
    : toWholeSeconds(now);
  // A Condition with the four fields of `wanted` is every T that the API has: all its other fields are optional.
  const condition = { ...wanted, lastProbeTime: null, lastTransitionTime } as Condition as T;
  return before === undefined
    ? [...list, condition]
    : list.map((other) => other === before ? condition : other);
}

export function withoutCondition<T extends Condition>(
  conditions: readonly T[] | undefined,
  type: string,
): T[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
