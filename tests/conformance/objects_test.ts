import assert from "node:assert/strict";
import * as z from "zod";
import type { Resource } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { KubeVirt } from "../../src/api/kubevirt.ts";
import { VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import { SCHEMAS } from "../../src/api/schemas.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { hasFixture, readUpstreamJson, testAgainstUpstream, upstreamExamples } from "./upstream.ts";

/** Releases whose objects must survive: a cluster may hold what the one before wrote. */
const RELEASES = ["v1.9.0", "v1.8"] as const;

function assertRoundTrip(schema: z.ZodType, object: unknown, from: string): void {
  const result = schema.safeParse(object);
  assert.ok(result.success, `${from}: ${result.error && z.prettifyError(result.error)}`);
  assert.deepEqual(result.data, object, from);
}

for (const [{ kind }, schema] of SCHEMAS.filter(([{ kind }]) => hasFixture(kind))) {
  for (const release of RELEASES) {
    testAgainstUpstream(`${kind}.parse() keeps all of the ${release} fixture`, {
      run() {
        const file = `fixtures/${release}/${kind}.json`;
        assertRoundTrip(schema, readUpstreamJson(file), file);
      },
    });
  }
}

/** The kinds that upstream has examples of. */
const SHOWN = [
  "VirtualMachine",
  "VirtualMachineInstance",
  "VirtualMachineInstancePreset",
  "VirtualMachineInstanceMigration",
  "MigrationPolicy",
  "VirtualMachineInstancetype",
  "VirtualMachineClusterInstancetype",
  "VirtualMachinePreference",
  "VirtualMachineClusterPreference",
];

for (const [{ kind }, schema] of SCHEMAS.filter(([{ kind }]) => SHOWN.includes(kind))) {
  testAgainstUpstream(`${kind}.parse() keeps all of upstream's examples`, {
    run() {
      const examples = upstreamExamples(kind);
      assert.notEqual(examples.length, 0);
      for (const { file, object } of examples) assertRoundTrip(schema, object, file);
    },
  });
}

Deno.test("objects and resources of our kinds are those of the Kubernetes port", () => {
  // Compiling is the test.
  const nameOf = (object: KubeObject): string => object.metadata.name;
  const names = {
    vm: (object: VirtualMachine): string => nameOf(object),
    vmi: (object: VirtualMachineInstance): string => nameOf(object),
    kubevirt: (object: KubeVirt): string => nameOf(object),
  };
  const resource: Resource = VIRTUAL_MACHINES;
  assert.equal(resource.plural, "virtualmachines");
  assert.equal(Object.keys(names).length, 3);
});
