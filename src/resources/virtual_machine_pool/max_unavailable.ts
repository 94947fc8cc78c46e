/** How many machines of a pool may be down for an update at a time. */
import type { VirtualMachinePoolSpec } from "../../api/pool.ts";

const PERCENTAGE = /^(\d{1,3})%$/;

/** At least one, or no update would ever come to an end. A share is rounded down. */
export function maxUnavailable(
  { maxUnavailable: limit, replicas = 1 }: VirtualMachinePoolSpec,
): number {
  if (typeof limit === "number") return Math.max(1, limit);
  const percent = Number(PERCENTAGE.exec(limit ?? "100%")?.[1] ?? 0);
  return Math.max(1, Math.floor(replicas * percent / 100));
}

/** Why a limit means nothing; `undefined`: it is fine. */
export function maxUnavailableFault(
  limit: VirtualMachinePoolSpec["maxUnavailable"],
): string | undefined {
  if (limit === undefined || typeof limit === "number" && limit >= 0) return undefined;
  if (typeof limit === "string" && PERCENTAGE.test(limit)) return undefined;
  return `must be a number that is not negative, or a percentage such as 25%: got ${limit}`;
}
