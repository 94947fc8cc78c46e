import type { Outcome } from "./outcome.ts";

const TEST_CASE = /<testcase name="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g;
/** How `deno test` joins the names of a test and its step. */
const STEP_SEPARATOR = " &gt; ";

interface TestCase {
  id: string;
  failed: boolean;
  skipped: boolean;
}

/**
 * Counts what `deno test --junit-path` wrote. Where a test has steps, the steps count in its place; the test itself
 * counts only when it failed although no step did.
 */
export function countJunit(xml: string): Outcome {
  const cases: TestCase[] = [...xml.matchAll(TEST_CASE)].map(([, name, file, content]) => ({
    id: `${file}: ${name}`,
    failed: /<(failure|error)\b/.test(content ?? ""),
    skipped: /<skipped\b/.test(content ?? ""),
  }));
  const failedSteps = cases.filter(({ failed }) => failed);
  const counted = cases.filter((test) => {
    const isStep = (other: TestCase) => other.id.startsWith(test.id + STEP_SEPARATOR);
    if (!cases.some(isStep)) return true;
    return test.failed && !failedSteps.some(isStep);
  });
  return {
    passed: counted.filter(({ failed, skipped }) => !failed && !skipped).length,
    failed: counted.filter(({ failed }) => failed).length,
    skipped: counted.filter(({ skipped }) => skipped).map(({ id }) => unescape(id)),
  };
}

function unescape(text: string): string {
  return text.replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}
