import type { ControllerLeaks } from "./controller_leaks.ts";
import type { NodeLeaks } from "./node_leaks.ts";

/**
 * How much memory one life may leave behind before it counts as a leak: more than this with 99 % confidence. What is kept
 * for some minutes, such as events that may have to be counted up, shows in a short run; the long one fills it first.
 */
export interface Limits {
  /** Bytes of the heap that are left after its collection, per life. */
  heap: number;
  /** Buffers that the heap holds. */
  external: number;
}

/** Of hundreds of lives, after as many as fill what is kept. */
export const LONG: Limits = { heap: 1_024, external: 512 };

/**
 * Of a dozen: code is still being compiled, and nothing has been forgotten yet. One connection that stays, with its 64 KiB, looks like
 * 16 KiB a life among six; one for each life is 64.
 */
export const SHORT: Limits = { heap: 64 * 1_024, external: 32 * 1_024 };

/** One sentence for each thing that leaks. */
export function leaksIn(measured: NodeLeaks | ControllerLeaks, limits: Limits): string[] {
  const grows = (["heap", "external"] as const).flatMap((kind) => {
    const { atLeast } = measured[kind];
    if (atLeast <= limits[kind]) return [];
    const least = atLeast.toFixed(0);
    return [`${kind} memory grows by ${least} bytes a life at least: limit ${limits[kind]}`];
  });
  const left = "left" in measured
    ? Object.entries(measured.left).flatMap(([kind, things]) =>
      things.length === 0 ? [] : [`${kind} are left behind: ${things.join(", ")}`]
    )
    : [];
  return [...left, ...grows];
}
