import assert from "node:assert/strict";
import { parse } from "yaml";
import { simulate, simulateAll, Simulation, writesOfOneLife } from "./simulation.ts";
import { inTurnOfItsOwn } from "./turn.ts";

/** The long form is `deno task simulate --schedules 100000`. */
const SCHEDULES = 1_000;
/** A group of schedules is one test, so that a failure shows early and by its place. */
const GROUP = 100;
/** What a VM's life costs now. The design's budget is 6: this may only become smaller. */
const LIFE_WRITES_MAX = 13;
const LIVES = 20;

interface Regression {
  seed: number;
  /** What was wrong. */
  was: string;
}

const REGRESSIONS = parse(
  Deno.readTextFileSync(new URL("testdata/regressions.yaml", import.meta.url)),
) as Regression[];

function hint(seed: number): string {
  return `replay: deno task simulate --seed ${seed}`;
}

for (let from = 1; from <= SCHEDULES; from += GROUP) {
  Deno.test(`simulate() finds nothing wrong in schedules ${from} to ${from + GROUP - 1}`, async () => {
    const seeds = Array.from({ length: GROUP }, (_, i) => from + i);
    for (const { seed, violation } of await simulateAll(seeds)) {
      assert.equal(violation, undefined, `seed ${seed}: ${violation}; ${hint(seed)}`);
    }
  });
}

Deno.test("simulate() finds nothing wrong where containers are told to stop", async () => {
  const seeds = Array.from({ length: GROUP }, (_, i) => i + 1);
  for (const { seed, violation } of await simulateAll(seeds, { containerStops: true })) {
    assert.equal(violation, undefined, `seed ${seed}: ${violation}`);
  }
});

Deno.test("simulate() has each pod end in order whose container is told to stop, without faults", async () => {
  const seeds = Array.from({ length: GROUP }, (_, i) => i + 1);
  const outcomes = await simulateAll(seeds, { containerStops: true, isFaultFree: true });
  for (const { seed, violation, killed } of outcomes) {
    assert.equal(violation, undefined, `seed ${seed}: ${violation}`);
    assert.equal(killed, 0, `seed ${seed}: a pod was killed`);
  }
  assert.ok(outcomes.some(({ stopped }) => stopped > 0));
});

for (const { seed, was } of REGRESSIONS) {
  Deno.test(`simulate() with seed ${seed}: no more ${was}`, async () => {
    const { violation } = await simulate({ seed });
    assert.equal(violation, undefined, `${violation}; ${hint(seed)}`);
  });
}

Deno.test("simulate() does the same again with the same seed", async () => {
  const trace = (seed: number) =>
    inTurnOfItsOwn(() => {
      const lines: string[] = [];
      const simulation = new Simulation({ seed, write: (line) => void lines.push(line) });
      const outcome = simulation.run();
      return [...lines, ...simulation.describe(), JSON.stringify(outcome)];
    });
  for (const seed of [3, 1415]) assert.deepEqual(await trace(seed), await trace(seed));
  assert.notDeepEqual(await trace(3), await trace(4));
});

Deno.test("a VM's life costs few writes when nothing goes wrong", async () => {
  for (let seed = 1; seed <= LIVES; seed++) {
    const writes = await writesOfOneLife(seed);
    assert.ok(writes.length <= LIFE_WRITES_MAX, `seed ${seed}: ${writes.length}: ${writes}`);
  }
});
