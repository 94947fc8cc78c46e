import assert from "node:assert/strict";
import { structuralSchema } from "../../src/api/crd.ts";
import { SCHEMAS } from "../../src/api/schemas.ts";
import { diffSchemas, formatDifference } from "./schema_diff.ts";
import { readUpstreamJson, testAgainstUpstream } from "./upstream.ts";

/** Where we differ from upstream's schemas on purpose: kind and path, and why. */
const ALLOWED: ReadonlyMap<string, string> = new Map([]);

function upstreamSchema(kind: string): unknown {
  const file = readUpstreamJson(`crd-schemas/${kind.toLowerCase()}.json`);
  assert.ok(typeof file === "object" && file !== null && "openAPIV3Schema" in file);
  return file.openAPIV3Schema;
}

for (const [{ kind }, schema] of SCHEMAS) {
  testAgainstUpstream(`structuralSchema(${kind}) is upstream's, node by node`, {
    run() {
      const differences = diffSchemas(upstreamSchema(kind), structuralSchema(schema))
        .filter(({ path }) => !ALLOWED.has(`${kind} ${path}`))
        .map(formatDifference);
      assert.deepEqual(differences, []);
    },
  });
}
