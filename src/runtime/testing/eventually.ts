/** Waits in tests for a condition instead of for time. */

const DEADLINE_MS = 30_000;
const TURN_MS = 1;

/** Resolves when the condition holds; throws what it named when it does not within the deadline. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    if (performance.now() > endMs) throw new Error(`Cannot go on: it never came that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
}
