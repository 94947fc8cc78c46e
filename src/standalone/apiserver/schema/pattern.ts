/** Regular expressions of schemas. */

/** Compiled patterns that are kept. */
const PATTERNS_MAX = 1_000;
/** A longer value is refused unseen: JavaScript's engine, unlike Go's, has no bound in time. */
const VALUE_LENGTH_MAX = 10_000;

const compiled = new Map<string, RegExp>();

/** Whether the pattern is found in the value. Patterns come from definitions that we ship, values from anybody. */
export function matchesPattern(value: string, pattern: string): boolean {
  if (value.length > VALUE_LENGTH_MAX) return false;
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    if (compiled.size >= PATTERNS_MAX) compiled.clear();
    compiled.set(pattern, expression = new RegExp(pattern, "u"));
  }
  return expression.test(value);
}
