import assert from "node:assert/strict";
import { exists } from "./exists.ts";

Deno.test("exists() takes for absent what is absent alone", async () => {
  const directory = await Deno.makeTempDir();
  try {
    assert.equal(await exists(directory), true);
    assert.equal(await exists(`${directory}/none`), false);
    await assert.rejects(exists(`${directory}/${"x".repeat(256)}`), { code: "ENAMETOOLONG" });
  } finally {
    await Deno.remove(directory);
  }
});
