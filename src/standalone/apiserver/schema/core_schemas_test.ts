import assert from "node:assert/strict";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../../kube/testing/real_server.ts";
import { CORE_SCHEMAS_FILE, generateCoreSchemas } from "../generate_core_schemas.ts";
import { CORE_COMPONENTS, coreSchema } from "./core_schemas.ts";

Deno.test("coreSchema() has every kind with its metadata", () => {
  for (const kind of ["Pod", "Secret", "Node", "Service", "PersistentVolumeClaim", "Event"]) {
    const schema = coreSchema({ group: "", version: "v1", kind });
    assert.equal(schema?.properties?.metadata?.properties?.name?.type, "string", kind);
  }
  assert.equal(coreSchema({ group: "", version: "v1", kind: "Nonesuch" }), undefined);
});

Deno.test("CORE_COMPONENTS refer to each other alone", () => {
  const text = JSON.stringify(CORE_COMPONENTS);
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    assert.ok(Object.hasOwn(CORE_COMPONENTS, name), name);
  }
});

Deno.test({
  name: `core_schemas.json is what a real server says${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    const generated = await generateCoreSchemas(TEST_KUBECONFIG!);
    const hint = "deno task core-schemas KUBECONFIG";
    assert.ok(Deno.readTextFileSync(CORE_SCHEMAS_FILE) === generated, `it differs: ${hint}`);
  },
});
