/** Decisions that were taken more than once for the same world, from the logs of controllers at the level "debug". */

/** The same actions, decided in more than one pass of a controller over an object while all observed versions were the same. */
export interface RepeatedDecision {
  controller: string;
  key: string;
  actions: string[];
  versions: string[];
  /** In how many passes. */
  times: number;
}

interface DecisionLine {
  message?: string;
  controller?: string;
  key?: string;
  reconcileId?: string;
  decision?: { actions: string[]; versions: string[] };
}

/** A pass that failed is tried again on purpose: its decision was not carried out. The last is that of a lost lease. */
const FAILED: readonly string[] = [
  "pass failed, trying again",
  "world changed under the pass",
  "pass cut short",
];

/**
 * How many decisions to act a log holds, how many of them were tried again after a failed pass, and which were repeated
 * although they had been carried out. `cut`: lines that were too long to tell.
 */
export function countDecisions(
  log: string,
): { decided: number; triedAgain: number; repeated: RepeatedDecision[]; cut: number } {
  const lines = log.split("\n").slice(0, -1).filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text) as DecisionLine);
  const failed = new Set(
    lines.filter(({ message = "" }) => FAILED.includes(message)).map((line) => line.reconcileId),
  );
  const passes = new Map<string, Set<string>>();
  const decisions = lines.filter(({ message }) => message === "decided");
  for (const { controller, key, reconcileId = "", decision } of decisions) {
    if (decision === undefined) continue;
    const id = JSON.stringify({ controller, key, ...decision });
    passes.set(id, (passes.get(id) ?? new Set()).add(reconcileId));
  }
  const again = [...passes].filter(([, ids]) => ids.size > 1);
  const isRepeated = (ids: Set<string>) => [...ids].slice(0, -1).some((id) => !failed.has(id));
  const repeated = again.filter(([, ids]) => isRepeated(ids));
  return {
    decided: [...passes.values()].reduce((sum, { size }) => sum + size, 0),
    triedAgain: again.length - repeated.length,
    repeated: repeated.map(([id, { size }]) => ({ ...JSON.parse(id), times: size })),
    cut: decisions.filter(({ decision }) => decision === undefined).length,
  };
}
