/** docs/compatibility.md holds what it says: what works names tests that are there, and no feature is left out. */
import assert from "node:assert/strict";
import { featureNumbers, testAgainstUpstream } from "./upstream.ts";

const ROOT = new URL("../../", import.meta.url);
const STATES: readonly string[] = [
  "works",
  "works in part",
  "accepted, not acted on",
  "refused",
  "not served",
];

interface Row {
  number: number;
  feature: string;
  state: string;
  shown: string;
}

const ROW = /^\| (\d+) \| (.*) \| ([^|]*) \| ([^|]*)\|$/;

function rows(): Row[] {
  const text = Deno.readTextFileSync(new URL("docs/compatibility.md", ROOT));
  return text.split("\n").flatMap((line) => {
    const match = ROW.exec(line);
    if (match === null) return [];
    const [, number = "", feature = "", state = "", shown = ""] = match;
    return [{ number: Number(number), feature, state, shown: shown.trim() }];
  });
}

interface NamedTest {
  path: string;
  /** Parts of names of tests in it. */
  names: string[];
}

/** `path` and, where given, "names" in it. */
function namedTests({ shown }: Row): NamedTest[] {
  const tests: NamedTest[] = [];
  for (const [, path, name] of shown.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
    if (path !== undefined) tests.push({ path, names: [] });
    else if (name !== undefined) tests.at(-1)?.names.push(name);
  }
  return tests;
}

/** What is wrong with it; `undefined`: it is there. */
function fault({ path, names }: NamedTest): string | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(new URL(path, ROOT));
  } catch (error) {
    return `${path}: ${error instanceof Error ? error.message : error}`;
  }
  if (!/_(test|suite)\.ts$/.test(path)) return `${path}: is no test`;
  const missing = names.filter((name) => !text.includes(name));
  return missing.length === 0 ? undefined : `${path}: has no test ${missing.join(", ")}`;
}

Deno.test("compatibility.md: what works names a test that is there", () => {
  const table = rows();
  assert.notEqual(table.length, 0);
  const problems = table.flatMap((row) => {
    const { number, state } = row;
    if (!STATES.includes(state)) return [`${number}: no such state: ${state}`];
    const tests = namedTests(row);
    const isClaim = state === "works" || state === "works in part";
    if (isClaim && tests.length === 0) return [`${number}: claims to work and names no test`];
    return tests.flatMap((test) => fault(test) ?? []).map((why) => `${number}: ${why}`);
  });
  assert.deepEqual(problems, []);
});

testAgainstUpstream("compatibility.md: has a row for each of KubeVirt's features", {
  run: () => {
    const known = rows().map(({ number }) => number);
    assert.deepEqual(known.toSorted((a, b) => a - b), featureNumbers());
  },
});
