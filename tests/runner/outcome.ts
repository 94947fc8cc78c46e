/** What a run of tests came to. */
export interface Outcome {
  passed: number;
  failed: number;
  /** Names of what was not run. */
  skipped: readonly string[];
  /** For each failure that is known by name: the name and the first lines of the reason. */
  failures: readonly string[];
}

export function addOutcomes(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
    skipped: outcomes.flatMap(({ skipped }) => skipped),
    failures: outcomes.flatMap(({ failures }) => failures),
  };
}

/** The line that ends a run: "12 passed, 0 failed, 1 skipped". */
export function closingLine({ passed, failed, skipped }: Outcome): string {
  const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  return `${passed} passed, ${failed} failed${rest}`;
}

/**
 * What ends a run: what was skipped, what failed and why, and the closing line. A long log is often read from its end,
 * so failures are told again there. Each of their lines begins with "failed| ", for `.ci/run` to find.
 */
export function closingLines(outcome: Outcome): string[] {
  return [
    ...outcome.skipped.map((name) => `skipped: ${name}`),
    ...outcome.failures.flatMap((failure) => failure.split("\n").map((line) => `failed| ${line}`)),
    closingLine(outcome),
  ];
}
