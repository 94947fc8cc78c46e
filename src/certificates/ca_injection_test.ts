import assert from "node:assert/strict";
import { apiServicePatch, type WebhookConfiguration, webhookPatch } from "./ca_injection.ts";

const metadata = { name: "virt-api-validator", uid: "u" };

Deno.test("webhookPatch() touches only webhooks whose bundle differs", () => {
  const configuration: WebhookConfiguration = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata,
    webhooks: [
      { name: "a", clientConfig: { caBundle: "new" } },
      { name: "b", clientConfig: { caBundle: "old" } },
      { name: "c", clientConfig: {} },
    ],
  };
  assert.deepEqual(webhookPatch(configuration, "new"), [
    { op: "test", path: "/webhooks/1/name", value: "b" },
    { op: "add", path: "/webhooks/1/clientConfig/caBundle", value: "new" },
    { op: "test", path: "/webhooks/2/name", value: "c" },
    { op: "add", path: "/webhooks/2/clientConfig/caBundle", value: "new" },
  ]);
});

Deno.test("apiServicePatch() is empty when the bundle is there", () => {
  const service = (spec: { caBundle?: string }) => ({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata,
    spec,
  });
  assert.deepEqual(apiServicePatch(service({ caBundle: "new" }), "new"), []);
  assert.deepEqual(apiServicePatch(service({}), "new"), [
    { op: "add", path: "/spec/caBundle", value: "new" },
  ]);
});
