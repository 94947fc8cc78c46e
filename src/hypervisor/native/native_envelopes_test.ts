import assert from "node:assert/strict";
import { StandInPod } from "../stand_in_pod.ts";
import { stopWatchContract } from "../stop_watch_contract.ts";
import { nativeParts, whyNoNativeParts } from "../testing/native_parts.ts";
import { NativeLibrary } from "./native.ts";
import { NativeEnvelopes } from "./native_envelopes.ts";

const why = whyNoNativeParts();
const ignore = why !== undefined;
const note = ignore ? ` (skipped: ${why})` : "";

interface Fixture {
  pod: StandInPod;
  envelopes: NativeEnvelopes;
  directory: string;
  binary: string;
}

function testEnvelope(name: string, body: (fixture: Fixture) => Promise<void>): void {
  Deno.test({
    name: `${name}${note}`,
    ignore,
    async fn() {
      using native = NativeLibrary.load(nativeParts());
      const directory = await Deno.makeTempDir({ prefix: "dv-" });
      try {
        await using pod = await StandInPod.start({
          nativeDirectory: nativeParts(),
          directory,
        });
        const binary = `${nativeParts()}/envelope`;
        await body({ pod, envelopes: new NativeEnvelopes(native), directory, binary });
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

testEnvelope("connect() learns the process id from the kernel", async ({ pod, envelopes }) => {
  using envelope = await envelopes.connect(pod.socketPath, pod.uid);
  const command = await Deno.readTextFile(`/proc/${envelope.pid}/cmdline`);
  assert.match(command, /envelope\0run/);
  assert.equal(envelope.alive(), true);
});

testEnvelope("connect() refuses a listener of another pod", async ({ pod, envelopes }) => {
  await assert.rejects(envelopes.connect(pod.socketPath, crypto.randomUUID()), {
    name: "EnvelopeError",
    reason: "foreign",
  });
});

testEnvelope("connect() says absent when nobody listens", async ({ pod, envelopes, directory }) => {
  await assert.rejects(envelopes.connect(`${directory}/none.sock`, pod.uid), { reason: "absent" });
  const stale = Deno.listen({ transport: "unix", path: `${directory}/stale.sock` });
  stale.close();
  await assert.rejects(envelopes.connect(`${directory}/stale.sock`, pod.uid), { reason: "absent" });
});

testEnvelope(
  "connect() follows no link to another socket",
  async ({ pod, envelopes, directory }) => {
    await Deno.symlink(pod.socketPath, `${directory}/link.sock`);
    await assert.rejects(envelopes.connect(`${directory}/link.sock`, pod.uid), {
      reason: "foreign",
    });
  },
);

testEnvelope("SIGTERM does not end the envelope, release() does", async ({ pod, envelopes }) => {
  using envelope = await envelopes.connect(pod.socketPath, pod.uid);
  Deno.kill(envelope.pid, "SIGTERM");
  using again = await envelopes.connect(pod.socketPath, pod.uid);
  assert.equal(again.alive(), true);
  await envelope.release();
  assert.equal(await pod.exitCode(), 0);
  assert.equal(envelope.alive(), false);
  await envelope.release();
});

stopWatchContract((name, body) =>
  testEnvelope(name, async ({ pod, envelopes }) => {
    using envelope = await envelopes.connect(pod.socketPath, pod.uid);
    const terminate = () => Deno.kill(envelope.pid, "SIGTERM");
    await body({ envelopes, socketPath: pod.socketPath, podUid: pod.uid, terminate });
  })
);

testEnvelope("watchStop() refuses a listener of another pod", async ({ pod, envelopes }) => {
  await assert.rejects(envelopes.watchStop(pod.socketPath, crypto.randomUUID()), {
    name: "EnvelopeError",
    reason: "foreign",
  });
});

testEnvelope("who does not watch is answered as before, also after SIGTERM", async (fixture) => {
  const { pod, envelopes } = fixture;
  using stranger = await Deno.connect({ transport: "unix", path: pod.socketPath });
  const ask = async (line: string) => {
    await stranger.write(new TextEncoder().encode(`${line}\n`));
    const bytes = new Uint8Array(64);
    const count = await stranger.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, count!));
  };
  assert.equal(await ask("watched"), "error unknown command\n");
  using watch = await envelopes.watchStop(pod.socketPath, pod.uid);
  using envelope = await envelopes.connect(pod.socketPath, pod.uid);
  Deno.kill(envelope.pid, "SIGTERM");
  await watch.told;
  assert.equal(await ask("release"), "ok\n");
  assert.equal(await pod.exitCode(), 0);
});

testEnvelope("garbage on the socket does not end the envelope", async ({ pod, envelopes }) => {
  using stranger = await Deno.connect({ transport: "unix", path: pod.socketPath });
  await stranger.write(new Uint8Array(100).fill(0x41));
  const bytes = new Uint8Array(64);
  const count = await stranger.read(bytes);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, count!)), "error line too long\n");
  using envelope = await envelopes.connect(pod.socketPath, pod.uid);
  assert.equal(envelope.alive(), true);
});

testEnvelope("a holder ends with 0 when compute was released", async (fixture) => {
  const { pod, envelopes, directory, binary } = fixture;
  const holder = new Deno.Command(binary, {
    args: ["hold", "--socket", `${directory}/volume.sock`],
    stdin: "null",
    stderr: "null",
  }).spawn();
  await connects(`${directory}/volume.sock`);
  using envelope = await envelopes.connect(pod.socketPath, pod.uid);
  await envelope.release();
  assert.equal((await holder.status).code, 0);
});

testEnvelope("a copy installed elsewhere runs", async ({ directory, binary }) => {
  const installed = `${directory}/installed`;
  const status = await new Deno.Command(binary, { args: ["install", installed] }).output();
  assert.equal(status.code, 0);
  const usage = await new Deno.Command(installed, { stderr: "piped" }).output();
  assert.equal(usage.code, 2);
  assert.match(new TextDecoder().decode(usage.stderr), /^usage: envelope/);
});

async function connects(path: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (true) {
    try {
      return (await Deno.connect({ transport: "unix", path })).close();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
