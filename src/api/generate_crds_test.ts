import assert from "node:assert/strict";
import { parse } from "yaml";
import { generateCrds, outdatedCrds } from "./generate_crds.ts";
import { CUSTOM_RESOURCES, customResourceName } from "./registry.ts";

/** What a client-side apply can keep in its annotation, the API server's limit on all annotations of an object. */
const ANNOTATIONS_BYTES_MAX = 262_144;

Deno.test("crds/ is what `deno task crds` writes", () => {
  assert.deepEqual(outdatedCrds(new URL("../../crds/", import.meta.url)), []);
});

Deno.test("generateCrds() has a file for every kind of the registry, and their list", () => {
  assert.deepEqual(
    [...generateCrds().keys()],
    [
      ...CUSTOM_RESOURCES.map((resource) => `${customResourceName(resource)}.yaml`),
      "kustomization.yaml",
    ],
  );
});

Deno.test("generateCrds() stays small enough for a client-side apply", () => {
  for (const [name, content] of generateCrds()) {
    assert.ok(JSON.stringify(parse(content)).length < ANNOTATIONS_BYTES_MAX, name);
  }
});

Deno.test("outdatedCrds() names changed, missing and left-over files", async () => {
  const path = await Deno.makeTempDir();
  try {
    const directory = new URL(`file://${path}/`);
    for (const [name, content] of generateCrds()) {
      await Deno.writeTextFile(new URL(name, directory), content);
    }
    assert.deepEqual(outdatedCrds(directory), []);
    await Deno.remove(new URL("kubevirts.kubevirt.io.yaml", directory));
    await Deno.writeTextFile(new URL("other.yaml", directory), "");
    await Deno.writeTextFile(new URL("virtualmachines.kubevirt.io.yaml", directory), "edited");
    assert.deepEqual(outdatedCrds(directory), [
      "kubevirts.kubevirt.io.yaml",
      "other.yaml",
      "virtualmachines.kubevirt.io.yaml",
    ]);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});
