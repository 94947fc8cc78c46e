import assert from "node:assert/strict";
import { makeLockedDirectory, removeDeadPlaces } from "./place_parts.ts";

const ignore = Deno.uid() !== 0;
const LOCK = { mode: 0o600 };

Deno.test({
  name: "removeDeadPlaces() takes what a killed run has left, however long its random name is",
  ignore,
  async fn() {
    const parent = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "places-" });
    try {
      const random = crypto.getRandomValues(new BigUint64Array(1))[0]!.toString(16);
      const ends = [random, random.slice(1), random.slice(2), random.slice(-7)];
      const dead = ends.map((end) => `${parent}/denovirt-run-${end}`);
      for (const path of dead) {
        await Deno.mkdir(path, { mode: 0o700 });
        await Deno.writeTextFile(`${path}/lock`, "", LOCK);
      }
      const others = ["denovirt-run-", "denovirt-run-other", `denovirt-run-0${"f".repeat(16)}`];
      for (const name of others) {
        await Deno.mkdir(`${parent}/${name}`, { mode: 0o700 });
        await Deno.writeTextFile(`${parent}/${name}/lock`, "", LOCK);
      }
      const { dataDirectory, lock } = await makeLockedDirectory(parent);
      const begun: string[] = [];
      await removeDeadPlaces(parent, (path) => begun.push(path));
      lock.close();
      assert.deepEqual(begun.sort(), dead.sort());
      const left = (await Array.fromAsync(Deno.readDir(parent))).map(({ name }) => name);
      const lives = dataDirectory.slice(parent.length + 1);
      assert.deepEqual(left.sort(), [...others, lives].sort());
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
});
