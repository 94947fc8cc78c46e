import assert from "node:assert/strict";
import type { Container, Node, Pod } from "../../../resources/core_objects.ts";
import type { ImageState } from "../pod_images.ts";
import type { ContainerObservation } from "../pod_sandbox.ts";
import { decidePod } from "./decide.ts";
import type { PodWorld } from "./world.ts";

const NOW = "2026-01-01T00:00:10.000Z";
const NODE: Node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", uid: "node-uid", labels: { fast: "true" } },
  status: { allocatable: { cpu: "2", memory: "1Gi", pods: "10" } },
};
const PRESENT: ImageState = { kind: "present", digest: "sha256:0a", root: "/images/0a" };
const STARTED: ContainerObservation = { name: "compute", startedAt: NOW };

function pod(
  change: { spec?: Partial<Pod["spec"]>; status?: Pod["status"]; deleted?: string },
): Pod {
  const container: Container = {
    name: "compute",
    image: "i:1",
    command: ["/envelope"],
    resources: { requests: { cpu: "500m", memory: "128Mi" } },
    securityContext: {},
    volumeMounts: [],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      namespace: "default",
      uid: "pod-uid",
      labels: { "kubevirt.io": "virt-launcher" },
      ...(change.deleted === undefined ? {} : { deletionTimestamp: change.deleted }),
    },
    spec: { nodeName: "n1", containers: [container], ...change.spec },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}

function world(change: Partial<PodWorld>): PodWorld {
  return {
    now: NOW,
    podUid: "pod-uid",
    sandbox: { kind: "absent" },
    hasTraces: false,
    images: { "i:1": PRESENT },
    node: NODE,
    others: [],
    ...change,
  };
}

function there(ended?: number): PodWorld["sandbox"] {
  const end = ended === undefined ? {} : { ended: { at: NOW, exitCode: ended } };
  return { kind: "there", containers: [{ ...STARTED, ...end }] };
}

function unbound(spec: Partial<Pod["spec"]> = {}): Pod {
  const made = pod({ spec });
  delete made.spec.nodeName;
  return made;
}

interface Expected {
  actions: string[];
  after?: string[];
  phase?: string;
}

const ROWS: [criterion: string, PodWorld, Expected][] = [
  ["an unbound pod that fits", world({ pod: unbound() }), { actions: ["bind"] }],
  [
    "an unbound pod that asks for another node",
    world({ pod: unbound({ nodeSelector: { fast: "false" } }) }),
    { actions: [], phase: "Pending" },
  ],
  [
    "an unbound pod that was deleted",
    world({ pod: { ...unbound(), metadata: pod({ deleted: NOW }).metadata } }),
    { actions: ["delete"] },
  ],
  [
    "a pod of another node",
    world({ pod: pod({ spec: { nodeName: "n2" } }) }),
    { actions: [] },
  ],
  ["a bound pod whose images are there", world({ pod: pod({}) }), {
    actions: ["start"],
    phase: "Pending",
  }],
  [
    "a bound pod whose images are not",
    world({ pod: pod({}), images: { "i:1": { kind: "absent" } } }),
    { actions: ["pull"], phase: "Pending" },
  ],
  ["a pull that goes on", world({ pod: pod({}), images: { "i:1": { kind: "pulling" } } }), {
    actions: [],
    phase: "Pending",
  }],
  [
    "a pull that failed a moment ago",
    world({ pod: pod({}), images: { "i:1": failed("2026-01-01T00:00:20.000Z") } }),
    { actions: [], phase: "Pending" },
  ],
  [
    "a pull that failed long ago",
    world({ pod: pod({}), images: { "i:1": failed("2026-01-01T00:00:00.000Z") } }),
    { actions: ["pull"], phase: "Pending" },
  ],
  ["a pod that runs", world({ pod: pod({}), sandbox: there(), hasTraces: true }), {
    actions: [],
    phase: "Running",
  }],
  ["a pod that ended well", world({ pod: pod({}), sandbox: there(0), hasTraces: true }), {
    actions: [],
    after: ["tidy"],
    phase: "Succeeded",
  }],
  ["a pod that was killed", world({ pod: pod({}), sandbox: there(137), hasTraces: true }), {
    actions: [],
    after: ["tidy"],
    phase: "Failed",
  }],
  [
    "a pod that ended and left traces",
    world({ pod: pod({ status: { phase: "Succeeded" } }), hasTraces: true }),
    { actions: ["tidy"] },
  ],
  [
    "a pod that is said to run and is not here",
    world({ pod: pod({ status: { phase: "Running" } }) }),
    { actions: [], phase: "Failed" },
  ],
  [
    "a deleted pod within its grace",
    world({ pod: pod({ deleted: "2026-01-01T00:00:40Z" }), sandbox: there(), hasTraces: true }),
    { actions: ["terminate"], phase: "Running" },
  ],
  [
    "a deleted pod whose grace is over",
    world({ pod: pod({ deleted: "2026-01-01T00:00:05Z" }), sandbox: there(), hasTraces: true }),
    { actions: ["kill"] },
  ],
  [
    "a deleted pod that has ended",
    world({ pod: pod({ deleted: "2026-01-01T00:00:40Z" }), sandbox: there(0), hasTraces: true }),
    { actions: [], after: ["tidy", "delete"], phase: "Succeeded" },
  ],
  ["traces of a pod that nobody wants", world({ sandbox: there(), hasTraces: true }), {
    actions: ["tidy"],
  }],
];

for (const [criterion, seen, { actions, after = [], phase }] of ROWS) {
  Deno.test(`decidePod() of ${criterion}`, () => {
    const decision = decidePod(seen);
    assert.deepEqual(decision.actions.map(({ type }) => type), actions);
    assert.deepEqual((decision.actionsAfterStatus ?? []).map(({ type }) => type), after);
    assert.equal(decision.status?.phase, phase);
  });
}

Deno.test("decidePod() tells what keeps a pod off the machine, once", () => {
  const large = unbound();
  large.spec.containers[0]!.resources.requests = { cpu: "1", memory: "2Gi" };
  const seen = world({ pod: large, others: [pod({}), pod({}), pod({})] });
  const { status, events } = decidePod(seen);
  const message = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.";
  assert.equal(status?.conditions?.[0]?.message, message);
  assert.deepEqual(events?.map(({ reason }) => reason), ["FailedScheduling"]);
  const told = decidePod({ ...seen, pod: { ...large, status: status ?? {} } });
  assert.equal(told.events, undefined);
});

Deno.test("decidePod() backs off from an image whose failure was told", () => {
  const seen = world({ pod: pod({}), images: { "i:1": failed("2026-01-01T00:00:20.000Z") } });
  const first = decidePod(seen);
  const reason = (decision: typeof first) =>
    decision.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  assert.equal(reason(first), "ErrImagePull");
  assert.equal(first.events?.length, 1);
  assert.equal(first.requeueAfterMs, 10_000);
  const second = decidePod({ ...seen, pod: pod({ status: first.status ?? {} }) });
  assert.equal(reason(second), "ImagePullBackOff");
  assert.deepEqual(second.events, []);
});

Deno.test("decidePod() holds a pod back from Services until its gates are open", () => {
  const gate = { conditionType: "kubevirt.io/virtual-machine-unpaused" };
  const ready = (status?: Pod["status"]) => {
    const gated = pod({ spec: { readinessGates: [gate] }, ...(status && { status }) });
    const decision = decidePod(world({ pod: gated, sandbox: there(), hasTraces: true }));
    return decision.status?.conditions?.find(({ type }) => type === "Ready")?.status;
  };
  assert.equal(ready(), "False");
  assert.equal(ready({ conditions: [{ type: gate.conditionType, status: "True" }] }), "True");
});

function failed(retryAt: string): ImageState {
  return { kind: "failed", reason: "ErrImagePull", message: "no such host", retryAt };
}
