import assert from "node:assert/strict";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { BUILT_IN_DEFAULTS } from "../cluster_defaults.ts";
import { validateCreation, validateUpdate } from "./validate_object.ts";

function vmi(overrides: Partial<VirtualMachineInstance> = {}): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "v", uid: "u" },
    spec: { domain: { devices: {}, memory: { guest: "64Mi" } } },
    status: { phase: "Pending" },
    ...overrides,
  };
}

const NODE = { name: "v", uid: "u", labels: { "kubevirt.io/nodeName": "n" } };
const GROWN = vmi({ spec: { domain: { devices: {}, memory: { guest: "65Mi" } } } });

/** What is changed, and what a user is told. The installation itself may do all of it. */
const UPDATES: [string, VirtualMachineInstance, string[]][] = [
  ["nothing", vmi(), []],
  ["an annotation", vmi({ metadata: { name: "v", uid: "u", annotations: { a: "b" } } }), []],
  ["the spec", GROWN, ["spec"]],
  ["the status", vmi({ status: { phase: "Running" } }), ["status"]],
  [
    "the lease",
    vmi({ metadata: { name: "v", uid: "u", annotations: { "denovirt.io/epoch": "9" } } }),
    ["metadata.annotations[denovirt.io/epoch]"],
  ],
  ["the node label", vmi({ metadata: NODE }), ["metadata.labels[kubevirt.io/nodeName]"]],
];

Deno.test("validateUpdate() leaves spec, status and reserved labels to the installation", () => {
  for (const [what, changed, fields] of UPDATES) {
    const user = { old: vmi(), requester: { isInstallation: false } };
    assert.deepEqual(validateUpdate(changed, user).map((cause) => cause.field), fields, what);
    const installation = { old: vmi(), requester: { isInstallation: true } };
    assert.deepEqual(validateUpdate(changed, installation), [], what);
  }
});

Deno.test("validateUpdate() keeps the room to grow that a guest was started with, from everybody", () => {
  const sized = (maxSockets: number, maxGuest: string) =>
    vmi({
      spec: { domain: { devices: {}, cpu: { maxSockets }, memory: { guest: "64Mi", maxGuest } } },
    });
  const old = sized(4, "256Mi");
  const installation = { old, requester: { isInstallation: true } };
  assert.deepEqual(validateUpdate(sized(4, "262144Ki"), installation), []);
  assert.deepEqual(
    validateUpdate(sized(8, "512Mi"), installation).map(({ field, message }) => [field, message]),
    [
      ["spec.domain.cpu.maxSockets", "CPU topology maxSockets changed"],
      ["spec.domain.memory.maxGuest", "Memory maxGuest changed"],
    ],
  );
});

Deno.test("validateCreation() refuses reserved labels of users", () => {
  const cluster = BUILT_IN_DEFAULTS;
  const created = vmi({ metadata: NODE });
  const byUser = validateCreation(created, { cluster, requester: { isInstallation: false } });
  assert.deepEqual(byUser.map((cause) => cause.field), ["metadata.labels[kubevirt.io/nodeName]"]);
  const own = validateCreation(created, { cluster, requester: { isInstallation: true } });
  assert.deepEqual(own, []);
});
