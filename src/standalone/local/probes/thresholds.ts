/** How many answers in a row count, as the kubelet's prober has it (pkg/kubelet/prober/worker.go): pure. */

export interface Thresholds {
  /** Successes in a row that make a probe pass. */
  successThreshold: number;
  /** Failures in a row that make it fail. */
  failureThreshold: number;
}

export type Result = "success" | "failure";

export interface ProbeState {
  /** What counts: it changes only when a threshold is reached. */
  isPassing: boolean;
  last?: Result;
  /** How often the last result came in a row. */
  run: number;
}

export function initialState(isPassing: boolean): ProbeState {
  return { isPassing, run: 0 };
}

export function afterResult(state: ProbeState, result: Result, thresholds: Thresholds): ProbeState {
  const run = state.last === result ? state.run + 1 : 1;
  const needed = result === "success" ? thresholds.successThreshold : thresholds.failureThreshold;
  return { isPassing: run < needed ? state.isPassing : result === "success", last: result, run };
}
