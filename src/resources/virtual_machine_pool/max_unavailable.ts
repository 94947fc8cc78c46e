/** How many machines of a pool may be down for an update at a time. */
import type { VirtualMachinePoolSpec } from "../../api/pool.ts";

/** What upstream accepts: `+050%` is 50. */
const PERCENTAGE = /^\+?(\d+)%$/;
const PERCENT_MAX = 100;

/** At least one, or no update would ever come to an end. A share is rounded down. */
export function maxUnavailable(
  { maxUnavailable: limit, replicas = 1 }: VirtualMachinePoolSpec,
): number {
  if (typeof limit === "number") return Math.max(1, limit);
  const percent = Number(PERCENTAGE.exec(limit ?? "100%")?.[1] ?? 0);
  return Math.max(1, Math.floor(replicas * percent / 100));
}

/** Why a limit means nothing, in upstream's words; `undefined`: it is fine. */
export function maxUnavailableFault(
  limit: VirtualMachinePoolSpec["maxUnavailable"],
): string | undefined {
  if (limit === undefined) return undefined;
  if (typeof limit === "number") {
    return limit > 0 ? undefined : "maxUnavailable must be greater than 0";
  }
  if (!limit.endsWith("%")) return "maxUnavailable percentage must end with %";
  const share = limit.slice(0, -1);
  if (!/^[+-]?\d+$/.test(share)) {
    return `maxUnavailable percentage value "${share}" is invalid: it is no whole number`;
  }
  const percent = Number(share);
  return percent > 0 && percent <= PERCENT_MAX
    ? undefined
    : `maxUnavailable percentage value ${percent} must be between 1 and ${PERCENT_MAX}`;
}
