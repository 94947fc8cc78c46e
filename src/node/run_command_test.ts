import assert from "node:assert/strict";
import { eventually } from "../runtime/testing/eventually.ts";
import { CommandError, runCommand } from "./run_command.ts";

/** Whether a process of that group is left. */
function isLeft(group: number): boolean {
  try {
    Deno.kill(-group, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("runCommand() answers what the program printed, in a C locale and an empty environment", async () => {
  const { stdout } = await runCommand(["sh", "-c", 'echo "$LC_ALL $HOME."'], { timeoutMs: 60_000 });
  assert.equal(stdout, "C .\n");
});

Deno.test("runCommand() says why a program failed, and which is missing", async () => {
  const failing = runCommand(["sh", "-c", "echo why >&2; exit 3"], { timeoutMs: 60_000 });
  await assert.rejects(failing, /^CommandError: Cannot run sh: it ended with code 3: why$/);
  await assert.rejects(runCommand(["denovirt-none"], { timeoutMs: 60_000 }), (error) => {
    return error instanceof CommandError && error.cause instanceof Deno.errors.NotFound;
  });
});

const STUBBORN: [criterion: string, script: string][] = [
  ["what it has started", "sleep 600 | sleep 600"],
  ["what ignores gentler signals", "trap '' TERM; sleep 600; sleep 600"],
];

for (const [criterion, script] of STUBBORN) {
  Deno.test(`runCommand() ends in time: ${criterion}`, async () => {
    const path = await Deno.makeTempFile();
    const started = runCommand(["sh", "-c", `echo $$ > "$1"; ${script}`, "sh", path], {
      timeoutMs: 500,
    });
    await assert.rejects(started, /must end within 500 ms/);
    const group = Number(await Deno.readTextFile(path));
    assert.ok(group > 1);
    await eventually("nothing of it is left", () => !isLeft(group));
    await Deno.remove(path);
  });
}

Deno.test("runCommand() ends with the abort, also with one that was before", async () => {
  const abort = new AbortController();
  const command = ["sh", "-c", "sleep 600 | sleep 600"];
  const running = runCommand(command, { timeoutMs: 600_000, signal: abort.signal });
  abort.abort();
  await assert.rejects(running, CommandError);
  await assert.rejects(
    runCommand(command, { timeoutMs: 600_000, signal: abort.signal }),
    CommandError,
  );
});
