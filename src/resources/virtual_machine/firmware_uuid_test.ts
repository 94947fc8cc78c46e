import assert from "node:assert/strict";
import { legacyFirmwareUuid } from "./firmware_uuid.ts";

Deno.test("legacyFirmwareUuid() gives guests the UUID that they have always had", () => {
  // uuid.uuid5(uuid.UUID("6a1a24a1-4061-4607-8bf4-a3963d0c5895"), "testvm")
  assert.equal(legacyFirmwareUuid("testvm"), "5a9fc181-957e-5c32-9e5a-2de5e9673531");
});
