import assert from "node:assert/strict";
import type { Pod, PodStatus } from "../../../resources/core_objects.ts";
import type { LocalPodStatus } from "./status.ts";
import { statusPatch } from "./status_patch.ts";

function pod(status: PodStatus): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "pod-uid" },
    spec: { containers: [] },
    status,
  };
}

const NOT_READY = { type: "Ready", status: "False", reason: "ContainersNotReady" };
const READY = { type: "Ready", status: "True" };
const GATE = { type: "kubevirt.io/virtual-machine-unpaused", status: "True" };
const WAITING = { name: "c", ready: false, state: { waiting: { reason: "ContainerCreating" } } };
const RUNNING = { name: "c", ready: true, state: { running: {} } };

const ROWS: [
  criterion: string,
  there: PodStatus,
  wanted: LocalPodStatus,
  patch: object | undefined,
][] = [
  ["nothing when all is there", { phase: "Running", conditions: [READY, GATE] }, {
    phase: "Running",
    conditions: [READY],
  }, undefined],
  ["nothing for a reason that is empty", { conditions: [{ ...READY, reason: "" }] }, {
    conditions: [READY],
  }, undefined],
  ["a phase that has changed", { phase: "Pending" }, { phase: "Running" }, {
    phase: "Running",
    conditions: [],
  }],
  ["that a reason has passed", { conditions: [NOT_READY] }, { conditions: [READY] }, {
    conditions: [{ ...READY, reason: null }],
  }],
  [
    "that a reason has passed, even when nothing else has",
    {
      conditions: [{ ...READY, reason: "ContainersNotReady", message: "m" }],
    },
    { conditions: [READY] },
    {
      conditions: [{ ...READY, reason: null, message: null }],
    },
  ],
  ["a condition that is new as it is", {}, { conditions: [READY] }, { conditions: [READY] }],
  ["a container that does what it did not", { containerStatuses: [WAITING] }, {
    containerStatuses: [RUNNING],
  }, { containerStatuses: [RUNNING], conditions: [] }],
  [
    "a container that does no more what it did",
    { containerStatuses: [{ ...RUNNING, state: { running: {}, waiting: {} } }] },
    { containerStatuses: [RUNNING] },
    { containerStatuses: [RUNNING], conditions: [] },
  ],
];

for (const [criterion, there, wanted, status] of ROWS) {
  Deno.test(`statusPatch() says ${criterion}`, () => {
    const metadata = { uid: "pod-uid" };
    const expected = status === undefined ? undefined : { metadata, status };
    assert.deepEqual(statusPatch(wanted, pod(there)), expected);
  });
}
