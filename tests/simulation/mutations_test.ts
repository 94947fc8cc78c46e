import assert from "node:assert/strict";
import { catchMutation } from "./catch_mutation.ts";
import { INVARIANTS } from "./invariants.ts";
import { MUTATIONS } from "./mutations.ts";
import { simulate } from "./simulation.ts";

/** A change of what is drawn by chance makes other schedules of the seeds: then the next ones are tried. */
const SCHEDULES_MAX = 300;

for (const mutation of MUTATIONS) {
  const { name, caughtBy, seed: from } = mutation;
  Deno.test(`simulate() notices that ${name}: ${caughtBy}`, async () => {
    const caught = await catchMutation(mutation, { from, count: SCHEDULES_MAX });
    assert.ok(caught, `not noticed in schedules ${from} to ${from + SCHEDULES_MAX - 1}`);
    const { violation } = await simulate({ seed: caught.seed });
    assert.equal(violation, undefined, `seed ${caught.seed} without the fault: ${violation}`);
  });
}

Deno.test("MUTATIONS break every invariant", () => {
  const broken = new Set(MUTATIONS.map(({ caughtBy }) => caughtBy));
  assert.deepEqual(INVARIANTS.filter((invariant) => !broken.has(invariant)), []);
});
