/** One VM from its creation to its end, by way of a restart, a stop and a start: every decision of the two controllers. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { normalised } from "./normalised.ts";
import type { ControlBed } from "./control_bed.ts";

/** Instances that come and go in one life. */
const INSTANCES = 3;

/** What the API server held at the end of each step, without what differs from run to run. */
export type LifeRecord = Record<string, unknown>;

/** `expected`: of another run, with which each step has to end. Without it a step ends when nothing changes any more. */
export async function liveOnce(
  bed: ControlBed,
  name: string,
  expected?: LifeRecord,
): Promise<LifeRecord> {
  const record: LifeRecord = {};
  const take = async (step: string) => {
    const look = () => snapshot(bed, name);
    record[step] = expected === undefined
      ? await untilQuiet(look)
      : await untilSame(look, expected[step]);
    if (expected !== undefined) assert.deepEqual(record[step], expected[step], `${name} ${step}`);
  };
  await bed.apply(name);
  await bed.untilRunning(name);
  await take("created");
  const first = await bed.deleteInstance(name);
  await bed.untilRunning(name, { not: first });
  await bed.untilCollected(name);
  await take("restarted");
  await bed.setRunStrategy(name, "Halted");
  await bed.untilStopped(name);
  await take("stopped");
  await bed.setRunStrategy(name, "Always");
  await bed.untilRunning(name);
  await take("started");
  await bed.delete(name);
  await bed.untilGone(name);
  assert.equal(bed.instancesEver(name), INSTANCES, `${name}: instances in its life`);
  bed.assertOnePodEach();
  return record;
}

/** Longer than any status is held back. */
const QUIET_MS = 1_500;
const SAME_MS_MAX = 20_000;
const LOOK_MS = 20;

async function untilQuiet(look: () => unknown): Promise<unknown> {
  let seen = look();
  for (let sinceMs = performance.now(); performance.now() - sinceMs < QUIET_MS;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = look();
    if (isDeepStrictEqual(now, seen)) continue;
    seen = now;
    sinceMs = performance.now();
  }
  return seen;
}

/** What is seen when it is the same, or when time is up. */
async function untilSame(look: () => unknown, expected: unknown): Promise<unknown> {
  const endMs = performance.now() + SAME_MS_MAX;
  for (;;) {
    const seen = look();
    if (isDeepStrictEqual(seen, expected) || performance.now() > endMs) return seen;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** What a user sees of a VM, its instance and its pods. */
export function snapshot(bed: ControlBed, name: string): unknown {
  const { vms, vmis } = bed;
  return normalised([vms.get(bed.key(name)), vmis.get(bed.key(name)), ...bed.podsNow(name)], name);
}
