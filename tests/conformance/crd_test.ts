import assert from "node:assert/strict";
import type { z } from "zod";
import { structuralSchema } from "../../src/api/crd.ts";
import { KubeVirt } from "../../src/api/kubevirt.ts";
import { VirtualMachine } from "../../src/api/virtual_machine.ts";
import { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { diffSchemas, formatDifference } from "./schema_diff.ts";
import { readUpstreamJson, testAgainstUpstream } from "./upstream.ts";

/** Where we differ from upstream's schemas on purpose: kind and path, and why. */
const ALLOWED: ReadonlyMap<string, string> = new Map([]);

const KINDS: readonly (readonly [string, z.ZodType])[] = [
  ["VirtualMachine", VirtualMachine],
  ["VirtualMachineInstance", VirtualMachineInstance],
  ["KubeVirt", KubeVirt],
];

function upstreamSchema(kind: string): unknown {
  const file = readUpstreamJson(`crd-schemas/${kind.toLowerCase()}.json`);
  assert.ok(typeof file === "object" && file !== null && "openAPIV3Schema" in file);
  return file.openAPIV3Schema;
}

for (const [kind, schema] of KINDS) {
  testAgainstUpstream(`structuralSchema(${kind}) is upstream's, node by node`, {
    run() {
      const differences = diffSchemas(upstreamSchema(kind), structuralSchema(schema))
        .filter(({ path }) => !ALLOWED.has(`${kind} ${path}`))
        .map(formatDifference);
      assert.deepEqual(differences, []);
    },
  });
}
