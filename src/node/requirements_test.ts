import assert from "node:assert/strict";
import { missingRequirements } from "./requirements.ts";

Deno.test("missingRequirements() names a Debian package for each thing that is missing", async () => {
  for (const sentence of await missingRequirements(AbortSignal.timeout(60_000))) {
    assert.match(sentence, /\(Debian package [a-z0-9-]+\)$/);
  }
});
