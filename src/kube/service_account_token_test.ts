import assert from "node:assert/strict";
import { ServiceAccountToken, TOKEN_AGE_MS_MAX } from "./service_account_token.ts";

Deno.test("ServiceAccountToken.read() follows the rotation of its file", async () => {
  const path = await Deno.makeTempFile();
  let nowMs = 0;
  const token = new ServiceAccountToken(path, { monotonicMs: () => nowMs });
  await Deno.writeTextFile(path, "first\n");
  assert.equal(await token.read(), "first");
  await Deno.writeTextFile(path, "second\n");
  assert.equal(await token.read(), "first", "it is not read again at each request");
  nowMs += TOKEN_AGE_MS_MAX;
  assert.equal(await token.read(), "second");
  await Deno.remove(path);
  nowMs += TOKEN_AGE_MS_MAX;
  assert.equal(await token.read(), "second", "the last one while the file is being replaced");
});

Deno.test("ServiceAccountToken.read() fails when there never was a token", async () => {
  await assert.rejects(new ServiceAccountToken("/nonexistent/token").read(), /Cannot read token/);
});
