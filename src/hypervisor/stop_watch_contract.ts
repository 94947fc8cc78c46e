/** For tests: what {@link Envelopes.watchStop} promises, whichever adapter answers. */
import assert from "node:assert/strict";
import type { Envelopes } from "./envelope.ts";

/** One envelope that listens, and what can be done to it. */
export interface WatchedEnvelope {
  envelopes: Envelopes;
  socketPath: string;
  podUid: string;
  /** SIGTERM. */
  terminate(): void;
}

/** Has each rule tested as `test` sees fit. */
export function stopWatchContract(
  test: (name: string, body: (envelope: WatchedEnvelope) => Promise<void>) => void,
): void {
  test("watchStop() tells of SIGTERM when it comes, to each", async (envelope) => {
    using first = await watch(envelope);
    using second = await watch(envelope);
    assert.deepEqual([first.isTold, second.isTold], [false, false]);
    envelope.terminate();
    envelope.terminate();
    await Promise.all([first.told, second.told]);
    assert.deepEqual([first.isTold, second.isTold], [true, true]);
  });

  test("watchStop() tells of SIGTERM that came before, and goes on", async (envelope) => {
    using first = await watch(envelope);
    envelope.terminate();
    await first.told;
    using later = await watch(envelope);
    assert.equal(later.isTold, true);
    await later.told;
    const { envelopes, podUid, socketPath } = envelope;
    using connected = await envelopes.connect(socketPath, podUid);
    assert.equal(connected.alive(), true);
  });

  test("watchStop() ends when it is closed, and with its envelope", async (envelope) => {
    using closed = await watch(envelope);
    using open = await watch(envelope);
    closed.close();
    closed.close();
    await closed.ended;
    const { envelopes, podUid, socketPath } = envelope;
    using connected = await envelopes.connect(socketPath, podUid);
    await connected.release();
    await open.ended;
    assert.deepEqual([closed.isTold, open.isTold], [false, false]);
    await assert.rejects(watch(envelope), { name: "EnvelopeError", reason: "absent" });
  });
}

function watch({ envelopes, podUid, socketPath }: WatchedEnvelope) {
  return envelopes.watchStop(socketPath, podUid);
}
