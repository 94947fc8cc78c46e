import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { SCHEMAS } from "../api/schemas.ts";
import { VirtualMachine } from "../api/virtual_machine.ts";
import { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { vm, vmi } from "../resources/testing/builders.ts";
import { hasShape } from "./has_shape.ts";
import { EDIT, edited } from "./testing/edit.ts";
import { GUEST } from "./testing/guest.ts";

const STARTS: [kind: string, schema: z.ZodType, object: unknown][] = [
  ["VirtualMachineInstance", VirtualMachineInstance, { ...vmi(), spec: GUEST }],
  [
    "VirtualMachine",
    VirtualMachine,
    vm((object) => ({ ...object, spec: { ...object.spec, template: { spec: GUEST } } })),
  ],
];

for (const [kind, schema, object] of STARTS) {
  Deno.test(`hasShape() says of a ${kind} what parsing it says, at first and once compiled`, () => {
    const said = { true: 0, false: 0 };
    fc.assert(
      fc.property(fc.array(EDIT, { maxLength: 2 }), (edits) => {
        const value = edits.reduce(edited, object);
        const expected = schema.safeParse(value).success;
        said[`${expected}`]++;
        assert.equal(hasShape(value, schema), expected);
      }),
      { numRuns: 500, seed: 1 },
    );
    assert.ok(said.true > 50 && said.false > 50, JSON.stringify(said));
  });
}

Deno.test("hasShape() can compile the schema of every kind", () => {
  for (const [{ kind }, schema] of SCHEMAS) {
    assert.doesNotThrow(() => z.compile(schema, { strict: true }), kind);
  }
});
