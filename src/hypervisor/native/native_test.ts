import assert from "node:assert/strict";
import { nativeParts, whyNoNativeParts } from "../testing/native_parts.ts";
import { NativeError, NativeLibrary } from "./native.ts";
import { STATUS } from "./symbols.ts";

const why = whyNoNativeParts();

function testNative(name: string, fn: () => void | Promise<void>): void {
  Deno.test({
    name: why === undefined ? name : `${name} (skipped: ${why})`,
    ignore: why !== undefined,
    fn,
  });
}

Deno.test("NativeLibrary.load() names the path of a library that is missing", () => {
  assert.throws(() => NativeLibrary.load("/nonexistent"), /\/nonexistent\/libdenovirt\.so/);
});

testNative("probeKvm() always answers, with a reason when KVM is not usable", async () => {
  using native = NativeLibrary.load(nativeParts());
  const probe = await native.probeKvm();
  assert.equal(probe.usable, probe.why === undefined, JSON.stringify(probe));
  assert.ok(probe.present || !probe.usable);
});

testNative("readBeneath() follows no link out of the root and bounds what it reads", async () => {
  using native = NativeLibrary.load(nativeParts());
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/file`, "hello");
    const bytes = await native.readBeneath(Deno.pid, `${directory}/file`, 5);
    assert.equal(new TextDecoder().decode(bytes), "hello");
    await assert.rejects(native.readBeneath(Deno.pid, `${directory}/file`, 4), {
      status: STATUS.tooLarge,
    });
    await assert.rejects(native.readBeneath(Deno.pid, `${directory}/none`, 4), {
      status: STATUS.absent,
    });
    await assert.rejects(native.readBeneath(Deno.pid, "/proc/self/cwd/file", 4), NativeError);
    await assert.rejects(native.readBeneath(Deno.pid, directory, 4), /regular file/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

testNative(
  "runDomain() answers what the process says about a request it cannot understand",
  async () => {
    using native = NativeLibrary.load(nativeParts());
    const vmDirectory = await Deno.makeTempDir();
    try {
      const line = await native.runDomain({ vmDirectory, input: "{}" });
      const report = JSON.parse(line);
      assert.equal(report.ok, false);
      assert.equal(report.terminal, true);
      assert.match(report.message, /Cannot understand the request/);
    } finally {
      await Deno.remove(vmDirectory, { recursive: true });
    }
  },
);

testNative("runDomain() stops waiting when aborted", async () => {
  using native = NativeLibrary.load(nativeParts());
  const vmDirectory = await Deno.makeTempDir();
  try {
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(native.runDomain({ vmDirectory, input: "{}", signal }), /enough/);
  } finally {
    await Deno.remove(vmDirectory, { recursive: true });
  }
});
