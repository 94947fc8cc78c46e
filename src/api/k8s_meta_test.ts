import assert from "node:assert/strict";
import { VirtualMachine } from "./virtual_machine.ts";
import { LabelSelector } from "./k8s_meta.ts";

const MANIFEST = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  metadata: { name: "vm", labels: { app: "db" }, tomorrow: { added: true } },
  spec: {
    runStrategy: "Always",
    template: {
      metadata: { labels: { app: "db" }, tomorrow: 1 },
      spec: { domain: { devices: {} } },
    },
  },
};

Deno.test("ObjectMeta keeps fields it does not know, and needs no uid in a manifest", () => {
  assert.deepEqual(VirtualMachine.parse(MANIFEST), MANIFEST);
});

Deno.test("TemplateMeta accepts the null creation time that Go clients send", () => {
  const object = structuredClone(MANIFEST);
  Object.assign(object.spec.template.metadata, { creationTimestamp: null });
  assert.deepEqual(VirtualMachine.parse(object), object);
});

Deno.test("LabelSelector rejects labels that are no strings", () => {
  const path = LabelSelector.safeParse({ matchLabels: { a: 1 } }).error?.issues[0]?.path;
  assert.deepEqual(path, ["matchLabels", "a"]);
});
