/** Upstream's examples through the rules of the embedded API server: nothing of them is unknown or refused. */
import assert from "node:assert/strict";
import { structuralSchema } from "../../src/api/crd.ts";
import { SCHEMAS } from "../../src/api/schemas.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { validateCustomResource } from "../../src/standalone/apiserver/schema/custom_resource.ts";
import { readCustomResource } from "../../src/standalone/apiserver/schema/read_custom_resource.ts";
import { customResourceSchema } from "../../src/standalone/apiserver/schema/custom_resource_schema.ts";
import type { Schema } from "../../src/standalone/apiserver/schema/schema.ts";
import { testAgainstUpstream, upstreamExamples } from "./upstream.ts";

/** Kinds whose schemas say the most; reading all examples takes seconds for each. */
const READ = ["VirtualMachine", "VirtualMachineInstance", "VirtualMachineClusterPreference"];

testAgainstUpstream("validateCustomResource() takes upstream's examples as they are", {
  run() {
    let read = 0;
    for (const [{ group, kind, namespaced, versions }, zod] of SCHEMAS) {
      if (!READ.includes(kind)) continue;
      const schema = structuralSchema(zod) as Schema;
      const whole = customResourceSchema(schema);
      for (const { file, object: example } of upstreamExamples(kind)) {
        const object = example as JsonObject;
        const [, version = ""] = String(object.apiVersion).split("/");
        if (!versions.some(({ name }) => name === version)) continue;
        const placed = namespaced ? { namespace: "default" } : {};
        const metadata = { name: "generated", ...object.metadata as JsonObject, ...placed };
        const { object: stored, unknown } = readCustomResource({ ...object, metadata }, whole);
        assert.deepEqual(unknown, [], file);
        const write = { object: stored, old: undefined, schema, group, version, kind, namespaced };
        assert.deepEqual(validateCustomResource(write), [], file);
        read++;
      }
    }
    assert.ok(read > 0);
  },
});
