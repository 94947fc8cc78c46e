/** What a run of tests came to. */
export interface Outcome {
  passed: number;
  failed: number;
  /** Names of what was not run. */
  skipped: readonly string[];
}

export function addOutcomes(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
    skipped: outcomes.flatMap(({ skipped }) => skipped),
  };
}

/** The line that ends a run: "12 passed, 0 failed, 1 skipped". */
export function closingLine({ passed, failed, skipped }: Outcome): string {
  const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  return `${passed} passed, ${failed} failed${rest}`;
}
