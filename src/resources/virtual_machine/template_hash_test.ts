import assert from "node:assert/strict";
import { vm } from "../testing/builders.ts";
import { templateHash } from "./template_hash.ts";

function withTemplateSpec(spec: Record<string, unknown>) {
  const made = vm();
  return { ...made, spec: { ...made.spec, template: { spec } } } as ReturnType<typeof vm>;
}

Deno.test("templateHash() does not depend on the order of keys", () => {
  const one = { domain: { memory: { guest: "1Gi" }, devices: {} }, hostname: "a" };
  const other = { hostname: "a", domain: { devices: {}, memory: { guest: "1Gi" } } };
  assert.equal(templateHash(withTemplateSpec(one)), templateHash(withTemplateSpec(other)));
});

Deno.test("templateHash() depends on the order of lists, and on every field", () => {
  const disks = [{ name: "a" }, { name: "b" }];
  const one = templateHash(withTemplateSpec({ domain: { devices: { disks } } }));
  const turned = { domain: { devices: { disks: disks.toReversed() } } };
  assert.notEqual(templateHash(withTemplateSpec(turned)), one);
});

Deno.test("templateHash() leaves out the firmware UUID, and what is not set", () => {
  const one = { domain: { devices: {} } };
  const other = { domain: { devices: {}, firmware: { uuid: "x" } }, hostname: undefined };
  assert.equal(templateHash(withTemplateSpec(one)), templateHash(withTemplateSpec(other)));
});
