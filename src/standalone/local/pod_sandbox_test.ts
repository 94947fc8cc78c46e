import assert from "node:assert/strict";
import { PodSandboxes } from "./pod_sandbox.ts";

/** No process began at that time. */
const ENDED = { pid: 2, startTicks: Number.MAX_SAFE_INTEGER };
const CONTAINER = { name: "compute", process: ENDED, startedAtMs: Date.UTC(2026, 0, 1) };
const AT = "2026-01-01T00:00:00.000Z";

async function recordDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("PodSandboxes.observe() tells how a container ended whose record is written while it looks", async () => {
  await using directory = await recordDirectory();
  const path = `${directory.path}/pod.json`;
  // Who reads a pipe gets what is written to it then, and whoever comes after reads what lies in its place.
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const observed = new PodSandboxes({ nativeDirectory: "", recordDirectory: directory.path })
    .observe("pod");
  const pipe = await Deno.open(path, { write: true });
  const ended = { atMs: CONTAINER.startedAtMs, exitCode: 0 };
  const record = { runtime: ENDED, containers: [{ ...CONTAINER, ended }] };
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(record));
  await Deno.rename(`${path}.new`, path);
  const before = JSON.stringify({ ...record, containers: [CONTAINER] });
  await pipe.write(new TextEncoder().encode(before));
  pipe.close();
  assert.deepEqual(await observed, {
    kind: "there",
    containers: [{ name: "compute", startedAt: AT, ended: { at: AT, exitCode: 0 } }],
  });
});

Deno.test("PodSandboxes.observe() takes it for killed whose end nobody has lived to record", async () => {
  await using directory = await recordDirectory();
  const record = { runtime: ENDED, containers: [CONTAINER] };
  await Deno.writeTextFile(`${directory.path}/pod.json`, JSON.stringify(record));
  const sandboxes = new PodSandboxes({ nativeDirectory: "", recordDirectory: directory.path });
  assert.deepEqual(await sandboxes.observe("pod"), {
    kind: "there",
    containers: [{ name: "compute", startedAt: AT, ended: { at: AT, exitCode: 137 } }],
  });
});
