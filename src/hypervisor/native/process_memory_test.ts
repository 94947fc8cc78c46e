import assert from "node:assert/strict";
import type { GivenBack } from "./testing/give_back.ts";

const MIB = 1024 * 1024;
/** Of a process of its own: other tests of this one take memory and need code at the same time. */
const PROGRAM = new URL("./testing/give_back.ts", import.meta.url).pathname;

async function givenBack(): Promise<GivenBack> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--quiet", "--allow-all", PROGRAM],
    stdin: "null",
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("ProcessMemory.giveBack() lets go of code that the start alone needed", async () => {
  const { before, after } = (await givenBack()).code;
  assert.ok(after < before - 4 * MIB, `${before / MIB} MiB before, ${after / MIB} after`);
});

Deno.test("ProcessMemory.giveBack() gives back what was freed below what is in use", async () => {
  const { before, after } = (await givenBack()).freed;
  const given = before - after;
  assert.ok(given > 32 * MIB, `gave back ${(given / MIB).toFixed(1)} MiB of 64`);
});
