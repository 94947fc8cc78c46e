import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { isRecord } from "../../resources/merge_patch.ts";
import { decide } from "./decide.ts";
import { metadataChange } from "./last_write.ts";
import type { World } from "./world.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_TESTDATA") === "1";
const INPUT = ".input.yaml";

const names = [...Deno.readDirSync(TESTDATA)].map(({ name }) => name)
  .filter((name) => name.endsWith(INPUT)).sort();

for (const name of names) {
  Deno.test(`decide() of ${name.slice(0, -INPUT.length)}`, () => {
    const world = patched(read("_base.yaml"), read(name)) as World;
    const decision = decide(world);
    const { actions, status, actionsAfterStatus, statusMayWaitMs, events = [], requeueAfterMs } =
      decision;
    const text = stringify({
      actions,
      ...(actionsAfterStatus !== undefined && { actionsAfterStatus }),
      ...(statusMayWaitMs !== undefined && { statusMayWaitMs }),
      ...metadataChange(world, status),
      // Only what is written counts, and a status that is passed on unchanged is none.
      status: status === world.vmi.status ? "unchanged" : status,
      events: events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
      requeueAfterMs: requeueAfterMs ?? null,
    }, { lineWidth: 0 });
    const golden = new URL(name.replace(INPUT, ".output.yaml"), TESTDATA);
    if (UPDATE) Deno.writeTextFileSync(golden, text);
    assert.equal(text, Deno.readTextFileSync(golden));
  });
}

function read(name: string): unknown {
  return parse(Deno.readTextFileSync(new URL(name, TESTDATA)));
}

/** RFC 7386. */
function patched(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = patched(result[key], value);
  }
  return result;
}
