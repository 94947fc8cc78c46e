import assert from "node:assert/strict";
import type { z } from "zod";
import {
  PauseOptions,
  RestartOptions,
  StartOptions,
  StopOptions,
  UnpauseOptions,
} from "./subresources.ts";

const BODIES: readonly (readonly [string, z.ZodType, Record<string, unknown>])[] = [
  ["StartOptions", StartOptions, { paused: true }],
  ["StopOptions", StopOptions, { gracePeriod: 0 }],
  ["RestartOptions", RestartOptions, { gracePeriodSeconds: 0 }],
  ["PauseOptions", PauseOptions, {}],
  ["UnpauseOptions", UnpauseOptions, {}],
];

for (const [name, schema, body] of BODIES) {
  Deno.test(`${name} accepts an empty body and all of its fields`, () => {
    const full = { apiVersion: "kubevirt.io/v1", kind: name, dryRun: ["All"], ...body };
    assert.deepEqual(schema.parse({}), {});
    assert.deepEqual(schema.parse(full), full);
  });
}

Deno.test("StopOptions refuses a grace period that is no integer", () => {
  for (const gracePeriod of ["30", 1.5, null]) {
    const path = StopOptions.safeParse({ gracePeriod }).error?.issues[0]?.path;
    assert.deepEqual(path, ["gracePeriod"]);
  }
});
