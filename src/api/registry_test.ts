import assert from "node:assert/strict";
import {
  apiVersionOf,
  CUSTOM_RESOURCES,
  customResourceName,
  KUBEVIRTS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINES,
} from "./registry.ts";

Deno.test("apiVersionOf() leaves out the core group", () => {
  assert.equal(apiVersionOf(VIRTUAL_MACHINES), "kubevirt.io/v1");
  assert.equal(apiVersionOf({ group: "", version: "v1" }), "v1");
});

Deno.test("customResourceName() is plural and group, as the API server demands", () => {
  assert.equal(customResourceName(KUBEVIRTS), "kubevirts.kubevirt.io");
});

Deno.test("CUSTOM_RESOURCES store the first of their versions, and share no short name", () => {
  for (const { versions, version } of CUSTOM_RESOURCES) assert.equal(versions[0]?.name, version);
  const names = CUSTOM_RESOURCES.flatMap(({ shortNames }) => shortNames);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("VIRTUAL_MACHINE_INSTANCES shows migratable and paused with -o wide alone", () => {
  const titles = (wide: boolean) =>
    VIRTUAL_MACHINE_INSTANCES.columns
      .filter(({ priority = 0 }) => wide || priority === 0)
      .map(({ name }) => name);
  const narrow = ["Age", "Phase", "IP", "NodeName", "Ready"];
  assert.deepEqual(titles(false), narrow);
  assert.deepEqual(titles(true), [...narrow, "Live-Migratable", "Paused"]);
});
