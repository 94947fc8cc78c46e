/**
 * Decisions as data: each `testdata/*.yaml` holds two documents, a world written by hand and the decision that follows. A
 * surprise in the field becomes such a file. `UPDATE_TESTDATA=1 deno test …` rewrites the second documents; review the diff.
 */
import assert from "node:assert/strict";
import { parseAllDocuments, stringify } from "yaml";
import type { Decision } from "../../runtime/reconciler.ts";

const SEPARATOR = "\n---\n";

/** The first document of a file. */
export interface Case<Given> {
  /** What the case shows. */
  why: string;
  world: Given;
}

export interface DecisionCasesOptions<Given> {
  /** Of the test file: `testdata/` is beside it. */
  url: string;
  decide(given: Given): Decision<{ type: string }, unknown>;
}

/** Registers one test for each file. */
export function testDecisionCases<Given>(options: DecisionCasesOptions<Given>): void {
  const directory = new URL("testdata/", options.url);
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml")).sort();
  for (const name of names) testFile(new URL(name, directory), { name, ...options });
}

function testFile<Given>(
  url: URL,
  { name, decide }: DecisionCasesOptions<Given> & { name: string },
): void {
  const [given = "", expected = ""] = Deno.readTextFileSync(url).split(SEPARATOR);
  const [document] = parseAllDocuments(given);
  const { why, world } = document?.toJS() as Case<Given>;
  Deno.test(`decide() ${name}: ${why}`, () => {
    const decision = plain(decide(deepFreeze(world)));
    if (Deno.env.get("UPDATE_TESTDATA") === "1") {
      Deno.writeTextFileSync(
        url,
        given.trimEnd() + SEPARATOR + stringify(decision, { lineWidth: 0 }),
      );
      return;
    }
    assert.deepEqual(decision, parseAllDocuments(expected)[0]?.toJS());
  });
}

/** As JSON travels, with events naming what they regard instead of holding it. */
function plain(decision: Decision<{ type: string }, unknown>): unknown {
  const events = (decision.events ?? []).map(({ regarding: { kind, metadata }, ...event }) => ({
    regarding: `${kind} ${metadata.name}`,
    ...event,
  }));
  return JSON.parse(JSON.stringify({ ...decision, events }));
}

/** Worlds come from caches, whose objects are frozen: a decision that changes one would throw there. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}
