import assert from "node:assert/strict";
import { KVM_DEVICE_RESOURCE } from "../api/labels.ts";
import type { Pod } from "../resources/core_objects.ts";
import { factsForPod } from "./node_facts.ts";

function pod(limits: Record<string, string>): Pod {
  const container = {
    name: "compute",
    image: "envelope",
    command: [],
    resources: { limits },
    securityContext: {},
    volumeMounts: [],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "virt-launcher", uid: "u1" },
    spec: { containers: [container] },
  };
}

Deno.test("factsForPod() lets a guest use KVM only when its pod holds it", () => {
  assert.deepEqual(factsForPod({}, pod({ [KVM_DEVICE_RESOURCE]: "1" })), {});
  assert.deepEqual(factsForPod({}, pod({})), { emulationReason: "KVMNotRequested" });
  assert.deepEqual(factsForPod({}, undefined), {});
});

Deno.test("factsForPod() keeps the node's own reason to emulate", () => {
  const facts = { emulationReason: "KVMNotAvailable" } as const;
  assert.deepEqual(factsForPod(facts, pod({ [KVM_DEVICE_RESOURCE]: "1" })), facts);
});
