import assert from "node:assert/strict";
import { stableMacAddress } from "./mac_address.ts";

Deno.test("stableMacAddress() is the same each time, local and unicast", () => {
  const mac = stableMacAddress("5a5a5a5a-0000-4000-8000-000000000001", "default");
  assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
  assert.equal(mac, stableMacAddress("5a5a5a5a-0000-4000-8000-000000000001", "default"));
});

Deno.test("stableMacAddress() differs by VMI and by interface", () => {
  const macs = new Set<string>();
  for (let vmi = 0; vmi < 1000; vmi++) {
    for (const name of ["default", "second"]) macs.add(stableMacAddress(`uid-${vmi}`, name));
  }
  assert.equal(macs.size, 2000);
});
