import assert from "node:assert/strict";
import { lockNetwork, removeDeadNetworkLocks } from "./network_lock.ts";

/** None that a run takes. */
const INDEX = 1_000_000 + Deno.pid;
const ignore = Deno.uid() !== 0;

Deno.test({
  name: "lockNetwork() gives a network to one at a time",
  ignore,
  async fn() {
    {
      await using held = await lockNetwork(INDEX);
      assert.ok(held);
      assert.equal(await lockNetwork(INDEX), undefined);
      // Whoever lives keeps it.
      await removeDeadNetworkLocks();
      assert.equal(await lockNetwork(INDEX), undefined);
    }
    await using again = await lockNetwork(INDEX);
    assert.ok(again);
  },
});

Deno.test({
  name: "removeDeadNetworkLocks() takes away what nobody has",
  ignore,
  async fn() {
    const path = `/run/denovirt-network-${INDEX}`;
    await Deno.writeTextFile(path, "");
    await removeDeadNetworkLocks();
    await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
  },
});
