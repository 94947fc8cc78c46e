import type { Outcome } from "./outcome.ts";

const TEST_CASE = /<testcase name="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g;
/** How `deno test` joins the names of a test and its step. */
const STEP_SEPARATOR = " &gt; ";
const FAILURE = /<(?:failure|error)\b[^>]*>([\s\S]*?)<\/(?:failure|error)>/;
/** Lines of a reason: a difference of two objects is told in the log, where the test ran. */
const REASON_LINES_MAX = 25;

interface TestCase {
  id: string;
  failed: boolean;
  skipped: boolean;
  reason: string;
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
    reason: FAILURE.exec(content ?? "")?.[1] ?? "",
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
    failures: counted.filter(({ failed }) => failed).map(failureText),
  };
}

function failureText({ id, reason }: TestCase): string {
  const lines = unescape(reason).split("\n").slice(0, REASON_LINES_MAX);
  return [unescape(id), ...lines.map((line) => `  ${line}`)].join("\n").trimEnd();
}

function unescape(text: string): string {
  return text.replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}
