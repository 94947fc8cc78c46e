import assert from "node:assert/strict";
import { isAlive, unlessMissing } from "./recorded_process.ts";

const SLEEP: Deno.CommandOptions = {
  args: ["600"],
  stdin: "null",
  stdout: "null",
  stderr: "null",
};

Deno.test("isAlive knows the process by its number and its start", async () => {
  const process = new Deno.Command("sleep", SLEEP).spawn();
  const stat = await Deno.readTextFile(`/proc/${process.pid}/stat`);
  const recorded = { pid: process.pid, startTicks: Number(stat.split(" ")[21]) };
  assert.equal(await isAlive(recorded), true);
  assert.equal(await isAlive({ ...recorded, startTicks: recorded.startTicks + 1 }), false);
  process.kill("SIGKILL");
  await process.status;
  assert.equal(await isAlive(recorded), false);
});

Deno.test("unlessMissing sees that a process ends between opening and reading its file", async () => {
  const process = new Deno.Command("sleep", SLEEP).spawn();
  using stat = await Deno.open(`/proc/${process.pid}/stat`);
  process.kill("SIGKILL");
  await process.status;
  assert.equal(await unlessMissing(stat.read(new Uint8Array(16))), undefined);
});

Deno.test("unlessMissing lets other failures through", async () => {
  await assert.rejects(unlessMissing(Deno.readTextFile("/proc")), /os error 21/);
});
