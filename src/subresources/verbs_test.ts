import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../api/registry.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { Resource } from "../kube/client.ts";
import { PODS } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import type { KubeObject } from "../kube/object.ts";
import { denyConsole } from "./console.ts";
import { decideMigrate } from "./migrate.ts";
import { denyPause, denyUnpause } from "./pause.ts";
import { decideRestart } from "./restart.ts";
import { decideStart } from "./start.ts";
import { decideStop } from "./stop.ts";
import type { VerbDecision } from "./verb.ts";
import { VERBS } from "./verbs.ts";

type VmSpec = Partial<VirtualMachine["spec"]>;
type VmStatus = VirtualMachine["status"];

function vm(spec: VmSpec, status?: VmStatus): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "x", namespace: "n", uid: "vm" },
    spec: { template: {}, ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

function vmi(phase: string, rest: Partial<VirtualMachineInstance> = {}): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "x", namespace: "n", uid: "vmi" },
    spec: { domain: { devices: {} } },
    ...rest,
    status: { phase, ...rest.status },
  };
}

const STOP = { action: "Stop", uid: "vmi" };
const START = { action: "Start" };

/** "code message" of a denial; what is patched otherwise: requests, the new spec value, a grace period, or pods. */
function summary(decision: VerbDecision): unknown {
  if ("denied" in decision) return `${decision.denied.code} ${decision.denied.message}`;
  return decision.effects.map((effect) => {
    if (effect.type === "kill_pods") return "kill_pods";
    if (effect.type === "create_migration") return [effect.type, effect.migration.spec];
    const last = effect.operations.filter(({ op }) => op === "add" || op === "replace").at(-1);
    const value = last?.value as { stateChangeRequests?: unknown } | undefined;
    return [effect.type, value?.stateChangeRequests ?? last?.value];
  });
}

function conflict(why: string): string {
  return `409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "x": ${why}`;
}

const START_ROWS: [string, VirtualMachine, VirtualMachineInstance | undefined, unknown][] = [
  ["Halted", vm({ runStrategy: "Halted" }), undefined, [["patch_spec", "Always"]]],
  ["running: false", vm({ running: false }), undefined, [["patch_spec", true]]],
  ["Manual", vm({ runStrategy: "Manual" }), undefined, [["patch_status", [START]]]],
  ["Manual, ended", vm({ runStrategy: "Manual" }), vmi("Failed"), [["patch_status", [
    STOP,
    START,
  ]]]],
  ["RerunOnFailure", vm({ runStrategy: "RerunOnFailure" }), undefined, [["patch_status", [START]]]],
  ["RerunOnFailure, done", vm({ runStrategy: "RerunOnFailure" }), vmi("Succeeded"), [
    ["patch_status", [STOP, START]],
  ]],
  [
    "RerunOnFailure, failed",
    vm({ runStrategy: "RerunOnFailure" }),
    vmi("Failed"),
    conflict("RerunOnFailure does not support starting VM from failed state"),
  ],
  [
    "Always",
    vm({ runStrategy: "Always" }),
    undefined,
    conflict("Always does not support manual start requests"),
  ],
  [
    "Once",
    vm({ runStrategy: "Once" }),
    vmi("Succeeded"),
    conflict("Once does not support manual start requests"),
  ],
  ["a live VM", vm({ runStrategy: "Manual" }), vmi("Running"), conflict("VM is already running")],
  [
    "Always, running",
    vm({ runStrategy: "Always" }),
    vmi("Scheduling"),
    conflict("VM is already running"),
  ],
  [
    "a request that waits",
    vm({ runStrategy: "Manual" }, { stateChangeRequests: [START] }),
    undefined,
    conflict("unable to complete request: stop/start already underway"),
  ],
];

Deno.test("decideStart() follows the run strategy", () => {
  for (const [what, machine, instance, expected] of START_ROWS) {
    assert.deepEqual(summary(decideStart({ vm: machine, vmi: instance }, {})), expected, what);
  }
});

Deno.test("decideStart() starts paused by a request, also when halted", () => {
  const request = [{ action: "Start", data: { paused: "true" } }];
  for (const runStrategy of ["Halted", "Manual"]) {
    const decision = decideStart({ vm: vm({ runStrategy }), vmi: undefined }, { paused: true });
    assert.deepEqual(summary(decision), [["patch_status", request]]);
  }
});

Deno.test("decideStart() tests what it replaces and forgets the failures of before", () => {
  const status = { printableStatus: "Stopped", startFailure: { consecutiveFailCount: 3 } };
  const decision = decideStart({ vm: vm({ runStrategy: "Manual" }, status), vmi: undefined }, {});
  assert.deepEqual(decision, {
    effects: [{
      type: "patch_status",
      operations: [
        { op: "test", path: "/status/stateChangeRequests", value: null },
        { op: "add", path: "/status/stateChangeRequests", value: [START] },
        { op: "remove", path: "/status/startFailure" },
      ],
    }],
  });
});

const STOP_ROWS: [
  string,
  VirtualMachine,
  VirtualMachineInstance | undefined,
  number | undefined,
  unknown,
][] = [
  ["Always", vm({ runStrategy: "Always" }), vmi("Running"), undefined, [["patch_spec", "Halted"]]],
  ["running: true", vm({ running: true }), vmi("Running"), undefined, [["patch_spec", false]]],
  ["Once", vm({ runStrategy: "Once" }), undefined, undefined, [["patch_spec", "Halted"]]],
  ["Manual", vm({ runStrategy: "Manual" }), vmi("Running"), undefined, [["patch_status", [STOP]]]],
  ["Manual, at once", vm({ runStrategy: "Manual" }), vmi("Running"), 0, [
    ["patch_instance", 0],
    ["patch_status", [STOP]],
  ]],
  [
    "Manual, off",
    vm({ runStrategy: "Manual" }),
    undefined,
    undefined,
    conflict("VM is not running"),
  ],
  [
    "Manual, ended",
    vm({ runStrategy: "Manual" }),
    vmi("Failed"),
    undefined,
    conflict("VM is not running"),
  ],
  [
    "a start that waits is replaced",
    vm({ runStrategy: "Manual" }, { stateChangeRequests: [STOP, START] }),
    vmi("Running"),
    undefined,
    [["patch_status", [STOP]]],
  ],
  ["Halted, off", vm({ runStrategy: "Halted" }), undefined, 0, conflict("VM is not running")],
  ["Halted, hurried", vm({ runStrategy: "Halted" }), vmi("Running"), 1, [["patch_instance", 1]]],
  [
    "Halted, stopping",
    vm({ runStrategy: "Halted" }),
    vmi("Running"),
    undefined,
    conflict("Halted only supports manual stop requests with a shorter graceperiod"),
  ],
  [
    "negative grace",
    vm({ runStrategy: "Always" }),
    vmi("Running"),
    -1,
    "400 gracePeriod has to be greater or equal to 0",
  ],
];

Deno.test("decideStop() follows the run strategy", () => {
  for (const [what, machine, instance, gracePeriod, expected] of STOP_ROWS) {
    const decision = decideStop({ vm: machine, vmi: instance }, { gracePeriod });
    assert.deepEqual(summary(decision), expected, what);
  }
});

const RESTART_ROWS: [
  string,
  VirtualMachine,
  VirtualMachineInstance | undefined,
  number | undefined,
  unknown,
][] = [
  ["Always", vm({ runStrategy: "Always" }), vmi("Running"), undefined, [["patch_status", [
    STOP,
    START,
  ]]]],
  ["Manual", vm({ runStrategy: "Manual" }), vmi("Running"), undefined, [["patch_status", [
    STOP,
    START,
  ]]]],
  ["forced", vm({ runStrategy: "Always" }), vmi("Running"), 0, [
    ["patch_status", [STOP, START]],
    "kill_pods",
  ]],
  [
    "Halted",
    vm({ runStrategy: "Halted" }),
    undefined,
    undefined,
    conflict(
      "RunStategy Halted does not support manual restart requests",
    ),
  ],
  [
    "Once",
    vm({ runStrategy: "Once" }),
    vmi("Running"),
    undefined,
    conflict(
      "RunStategy Once does not support manual restart requests",
    ),
  ],
  [
    "off",
    vm({ runStrategy: "Manual" }),
    undefined,
    undefined,
    conflict("VM is not running: Halted"),
  ],
  [
    "half forced",
    vm({ runStrategy: "Always" }),
    vmi("Running"),
    5,
    "400 For force restart, only gracePeriod=0 is supported for now",
  ],
  [
    "underway",
    vm({ runStrategy: "Always" }, { stateChangeRequests: [STOP, START] }),
    vmi("Running"),
    undefined,
    conflict("unable to complete request: stop/start already underway"),
  ],
];

Deno.test("VERBS restart without grace leaves the pod to the kubelet", async () => {
  const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
  const where = { namespace: "shop" };
  const key = { ...where, name: "web" };
  const create = (resource: Resource, object: object) =>
    client.create<KubeObject>(resource, { metadata: key, ...object }, where);
  await create(VIRTUAL_MACHINES, { spec: vm({ runStrategy: "Always" }).spec });
  const { spec } = vmi("Running");
  const { metadata: { uid } } = await create(VIRTUAL_MACHINE_INSTANCES, {
    spec,
    status: { phase: "Running" },
  });
  const labels = { "kubevirt.io/created-by": uid };
  await create(PODS, { metadata: { ...key, labels }, spec: { nodeName: "node-1" } });
  const body = new TextEncoder().encode(JSON.stringify({ gracePeriodSeconds: 0 }));
  const agents = { put: () => Promise.reject(new Error("nobody is asked")) };
  const { signal } = new AbortController();
  const answer = await VERBS["virtualmachines/restart"]?.({ key, body, signal }, {
    client,
    agents,
  });
  assert.equal(answer?.status, 202);
  // Without the object nobody would know that the guest still runs, and the next one would be started beside it.
  const pod = await client.get(PODS, key);
  assert.equal(pod?.metadata.deletionGracePeriodSeconds, 1);
});

Deno.test("decideRestart() asks for a stop and a start", () => {
  for (const [what, machine, instance, gracePeriodSeconds, expected] of RESTART_ROWS) {
    const decision = decideRestart({ vm: machine, vmi: instance }, { gracePeriodSeconds });
    assert.deepEqual(summary(decision), expected, what);
  }
});

const MIGRATE_ROWS: [string, VirtualMachineInstance | undefined, unknown][] = [
  ["running", vmi("Running"), [["create_migration", {
    vmiName: "x",
    addedNodeSelector: { zone: "b" },
  }]]],
  ["not running", vmi("Scheduled"), conflict("VM is not running")],
  ["no instance", undefined, '404 virtualmachineinstance.kubevirt.io "x" not found'],
];

Deno.test("decideMigrate() asks for a migration of a guest that runs", () => {
  for (const [what, instance, expected] of MIGRATE_ROWS) {
    const subject = { vm: vm({ runStrategy: "Always" }), vmi: instance };
    const decision = decideMigrate(subject, { addedNodeSelector: { zone: "b" } });
    assert.deepEqual(summary(decision), expected, what);
  }
});

const PAUSED = vmi("Running", {
  status: { phase: "Running", conditions: [{ type: "Paused", status: "True" }] },
});

function withLiveness(
  probe: VirtualMachineInstance["spec"]["livenessProbe"],
): VirtualMachineInstance {
  const instance = vmi("Running");
  return {
    ...instance,
    spec: { ...instance.spec, ...(probe === undefined ? {} : { livenessProbe: probe }) },
  };
}

Deno.test("denyPause() wants a running guest that nobody watches from outside", () => {
  assert.equal(denyPause(vmi("Running")), undefined);
  assert.equal(denyPause(withLiveness({ guestAgentPing: {} })), undefined);
  assert.match(denyPause(vmi("Scheduled"))?.message ?? "", /VM is not running$/);
  assert.match(denyPause(PAUSED)?.message ?? "", /VMI is already paused$/);
  assert.equal(denyPause(withLiveness({ tcpSocket: { port: 22 } }))?.code, 403);
});

Deno.test("denyUnpause() wants a paused guest that nobody copies", () => {
  assert.equal(denyUnpause(PAUSED, undefined), undefined);
  assert.equal(denyUnpause(PAUSED, vm({})), undefined);
  assert.match(denyUnpause(vmi("Running"), undefined)?.message ?? "", /VMI is not paused$/);
  assert.equal(denyUnpause(PAUSED, vm({}, { snapshotInProgress: "s" }))?.code, 409);
});

Deno.test("denyConsole() answers 400 while trying again may help", () => {
  const without = vmi("Running", {
    spec: { domain: { devices: { autoattachSerialConsole: false } } },
  });
  assert.equal(denyConsole(vmi("Running")), undefined);
  assert.deepEqual(
    [denyConsole(vmi("Scheduled"))?.code, denyConsole(vmi("Scheduled"))?.message],
    [400, "VMI is not running"],
  );
  assert.equal(denyConsole(without)?.code, 400);
  assert.equal(denyConsole(vmi("Failed"))?.code, 409);
});
