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
    probes: [],
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

const PROBE = { tcpSocket: { port: 22 }, initialDelaySeconds: 30 };
const READINESS = { container: "compute", kind: "readiness" } as const;
const LIVENESS = { container: "compute", kind: "liveness" } as const;
const FAILED = { ...LIVENESS, isPassing: false };

/** A pod that runs for 20 s, with a probe of each kind. */
function probed(
  { probes = [], wasReady, deleted, graceSeconds }: {
    probes?: PodWorld["probes"];
    wasReady?: boolean;
    deleted?: string;
    graceSeconds?: number;
  },
): PodWorld {
  const seen = pod({
    ...(deleted !== undefined && { deleted }),
    status: {
      phase: "Running",
      ...(wasReady !== undefined &&
        { containerStatuses: [{ name: "compute", ready: wasReady }] }),
    },
  });
  const [container] = seen.spec.containers;
  Object.assign(container ?? {}, { readinessProbe: PROBE, livenessProbe: PROBE });
  if (graceSeconds !== undefined) seen.spec.terminationGracePeriodSeconds = graceSeconds;
  const started = { ...STARTED, startedAt: "2025-12-31T23:59:50.000Z" };
  const sandbox = { kind: "there", containers: [started] } as const;
  return world({ pod: seen, sandbox, hasTraces: true, address: "10.0.0.2", probes });
}

const BOTH = (isPassing: boolean): PodWorld["probes"] => [
  { ...READINESS, isPassing },
  { ...LIVENESS, isPassing: true },
];

const PROBED: [
  criterion: string,
  world: PodWorld,
  expected: { actions: string[]; ready: boolean | undefined; requeueAfterMs: number | undefined },
][] = [
  ["that has just started", probed({}), {
    actions: ["probe"],
    ready: false,
    requeueAfterMs: 60_000,
  }],
  ["that was ready when it was last written of", probed({ wasReady: true }), {
    actions: ["probe"],
    ready: true,
    requeueAfterMs: 60_000,
  }],
  ["that answers", probed({ probes: BOTH(true), wasReady: false }), {
    actions: [],
    ready: true,
    requeueAfterMs: 60_000,
  }],
  ["that answers no more", probed({ probes: BOTH(false), wasReady: true }), {
    actions: [],
    ready: false,
    requeueAfterMs: 60_000,
  }],
  [
    "that lives no more, within its grace",
    probed({ probes: [{ ...READINESS, isPassing: true }, { ...FAILED, failedForMs: 5_000 }] }),
    { actions: ["terminate"], ready: true, requeueAfterMs: 25_000 },
  ],
  [
    "that lives no more, with a long grace of its own",
    probed({
      probes: [{ ...READINESS, isPassing: false }, { ...FAILED, failedForMs: 5_000 }],
      graceSeconds: 3_600,
    }),
    { actions: ["terminate"], ready: false, requeueAfterMs: 60_000 },
  ],
  [
    "that lives no more, after its grace",
    probed({ probes: [{ ...READINESS, isPassing: true }, { ...FAILED, failedForMs: 30_000 }] }),
    { actions: ["kill"], ready: true, requeueAfterMs: 1_000 },
  ],
  [
    "that is being deleted: its liveness is asked no more",
    probed({ probes: BOTH(true), deleted: "2026-01-01T00:00:40Z" }),
    { actions: ["probe", "terminate"], ready: true, requeueAfterMs: 30_000 },
  ],
];

for (const [criterion, seen, { actions, ready, requeueAfterMs }] of PROBED) {
  Deno.test(`decidePod() of a pod with probes ${criterion}`, () => {
    const decision = decidePod(seen);
    assert.deepEqual(decision.actions.map(({ type }) => type), actions);
    assert.equal(decision.status?.containerStatuses?.[0]?.ready, ready);
    assert.equal(decision.requeueAfterMs, requeueAfterMs);
    const said = decision.status?.conditions?.find(({ type }) => type === "Ready")?.status;
    assert.equal(said, ready ? "True" : "False");
  });
}

Deno.test("decidePod() has probes asked of the pod's address, once their delay is over", () => {
  const [action] = decidePod(probed({ wasReady: true })).actions;
  assert.equal(action?.type, "probe");
  assert.deepEqual(
    action?.type === "probe" &&
      action.probes.map(({ kind, address, firstAfterMs, isPassingAtFirst }) => ({
        kind,
        address,
        firstAfterMs,
        isPassingAtFirst,
      })),
    ["readiness", "liveness"].map((kind) => ({
      kind,
      address: "10.0.0.2",
      firstAfterMs: 10_000,
      isPassingAtFirst: true,
    })),
  );
});

Deno.test("decidePod() has no probe asked of a container that has ended", () => {
  const seen = probed({ probes: BOTH(true) });
  const holder = { ...seen.pod!.spec.containers[0]!, name: "volume" };
  delete holder.readinessProbe;
  delete holder.livenessProbe;
  seen.pod!.spec.containers.push(holder);
  const ended = { ...STARTED, ended: { at: NOW, exitCode: 1 } };
  const decision = decidePod({
    ...seen,
    sandbox: { kind: "there", containers: [ended, { ...STARTED, name: "volume" }] },
  });
  assert.deepEqual(decision.actions, [{ type: "probe", probes: [] }]);
  assert.deepEqual(decision.status?.containerStatuses?.map(({ ready }) => ready), [false, true]);
});

function failed(retryAt: string): ImageState {
  return { kind: "failed", reason: "ErrImagePull", message: "no such host", retryAt };
}
