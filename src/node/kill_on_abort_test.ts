import assert from "node:assert/strict";
import { killOnAbort } from "./kill_on_abort.ts";

function spawn(script: string): Deno.ChildProcess {
  const options: Deno.CommandOptions = { args: ["-c", script], stdin: "null", stdout: "piped" };
  return new Deno.Command("sh", options).spawn();
}

Deno.test("killOnAbort() kills a process that ignores gentler signals", async () => {
  const abort = new AbortController();
  const child = spawn("trap '' TERM; echo begun; exec sleep 600");
  using _killing = killOnAbort(child, abort.signal);
  const reader = child.stdout.getReader();
  await reader.read();
  abort.abort();
  assert.equal((await child.status).signal, "SIGKILL");
  await reader.cancel();
});

Deno.test("killOnAbort() lets a process be that has ended while something has its output", async () => {
  const abort = new AbortController();
  const child = spawn("sleep 600 & echo $!");
  using _killing = killOnAbort(child, abort.signal);
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.ok((await child.status).success);
  abort.abort();
  Deno.kill(Number(new TextDecoder().decode(value)), "SIGKILL");
  assert.ok((await reader.read()).done);
});

Deno.test("killOnAbort() is over once it is disposed of", async () => {
  const abort = new AbortController();
  const child = spawn("read -r line");
  killOnAbort(child, abort.signal)[Symbol.dispose]();
  abort.abort();
  assert.ok(!(await child.output()).success); // it has read the end of its input
});
