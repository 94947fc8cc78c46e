import assert from "node:assert/strict";
import { vmi, withDomain, withSpec } from "../testing/builders.ts";
import { guestAffinity, guestNodeSelector } from "./pod_node_selector.ts";

Deno.test("guestNodeSelector() asks for the machine type, a named model and required features", () => {
  const features = [
    { name: "vmx" },
    { name: "aes", policy: "require" },
    { name: "svm", policy: "optional" },
    { name: "mpx", policy: "forbid" },
  ];
  const cpu = { model: "Skylake-Server", features };
  assert.deepEqual(guestNodeSelector(vmi(withDomain({ cpu, machine: { type: "q35" } }))), {
    "machine-type.node.kubevirt.io/q35": "true",
    "cpu-model.node.kubevirt.io/Skylake-Server": "true",
    "cpu-feature.node.kubevirt.io/vmx": "true",
    "cpu-feature.node.kubevirt.io/aes": "true",
  });
});

Deno.test("guestNodeSelector() asks for no model when the node's own will do", () => {
  for (const model of ["host-model", "host-passthrough"]) {
    const cpu = { model, features: [{ name: "aes" }] };
    assert.deepEqual(guestNodeSelector(vmi(withDomain({ cpu }))), {
      "cpu-feature.node.kubevirt.io/aes": "true",
    });
  }
  assert.deepEqual(guestNodeSelector(vmi(withDomain({ cpu: { cores: 2 } }))), {});
});

Deno.test("guestAffinity() rejects in each term of the VMI's own", () => {
  const term = (zone: string) => ({
    matchExpressions: [{ key: "zone", operator: "In", values: [zone] }],
  });
  const preferred = [{ weight: 1, preference: term("c") }];
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term("a"), term("b")] },
  };
  const cpu = { model: "Penryn", features: [{ name: "mpx", policy: "forbid" }] };
  const instance = vmi(withDomain({ cpu }), withSpec({ affinity: { nodeAffinity } }));
  const rejection = { key: "cpu-feature.node.kubevirt.io/mpx", operator: "DoesNotExist" };
  const expected = ["a", "b"].map((zone) => ({
    matchExpressions: [...term(zone).matchExpressions, rejection],
  }));
  assert.deepEqual(guestAffinity(instance), {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: expected },
    },
  });
});

Deno.test("guestAffinity() keeps host-model off nodes whose model is obsolete, and no other", () => {
  const matchExpressions = [
    { key: "node-labeller.kubevirt.io/obsolete-host-model", operator: "DoesNotExist" },
  ];
  const expected = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    },
  };
  assert.deepEqual(guestAffinity(vmi()), expected);
  assert.deepEqual(guestAffinity(vmi(withDomain({ cpu: { model: "host-model" } }))), expected);
  assert.equal(guestAffinity(vmi(withDomain({ cpu: { model: "Penryn" } }))), undefined);
});
