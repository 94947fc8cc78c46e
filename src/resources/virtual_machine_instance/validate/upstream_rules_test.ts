/** That admission refuses what upstream's does, at the true place and in the same words: testdata/upstream_rules.yaml. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import type { VirtualMachineInstanceSpec } from "../../../api/virtual_machine_instance_spec.ts";
import { applyMergePatch } from "../../../standalone/apiserver/patch/merge_patch.ts";
import type { Cause } from "../../cause.ts";
import { BUILT_IN_DEFAULTS } from "../../cluster_defaults.ts";
import { defaultSpec } from "../defaults.ts";
import { validateSpec } from "../validate.ts";

const RULES = new URL("testdata/upstream_rules.yaml", import.meta.url);

interface UpstreamRule {
  rule: string;
  spec: unknown;
  field: string;
  message: string;
}

const CONTEXT = {
  cluster: BUILT_IN_DEFAULTS,
  now: "2026-01-01T00:00:00Z",
  uuid: "11111111-2222-4333-8444-555555555555",
};

const BASE = {
  domain: {
    memory: { guest: "1Gi" },
    devices: {
      disks: [{ name: "root", disk: { bus: "virtio" } }],
      interfaces: [{ name: "default", masquerade: {} }],
    },
  },
  networks: [{ name: "default", pod: {} }],
  volumes: [{ name: "root", containerDisk: { image: "registry/disk:1" } }],
};

function readRules(): UpstreamRule[] {
  return parse(Deno.readTextFileSync(RULES), (_, value) => {
    const repeated = typeof value === "string" ? /^(\w) x (\d+)$/.exec(value) : null;
    return repeated === null ? value : repeated[1]?.repeat(Number(repeated[2]));
  }) as UpstreamRule[];
}

function causesOf(fragment: unknown): Cause[] {
  const spec = applyMergePatch(BASE, fragment) as unknown as VirtualMachineInstanceSpec;
  return validateSpec({
    spec: defaultSpec(spec, CONTEXT),
    field: "spec",
    cluster: BUILT_IN_DEFAULTS,
  });
}

Deno.test("validateSpec() accepts what upstream's rules are tried on", () => {
  assert.deepEqual(causesOf({}), []);
});

for (const { rule, spec, field, message } of readRules()) {
  Deno.test(`validateSpec() says of "${rule}" what upstream says`, () => {
    const said = causesOf(spec).map((cause) => `${cause.field}: ${cause.message}`);
    assert.ok(said.includes(`${field}: ${message}`), `not said, but:\n${said.join("\n")}`);
  });
}
