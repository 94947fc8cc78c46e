/** Kubelets, the scheduler, the garbage collector and the node lifecycle: Kubernetes around the product, always right in the end. */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import { NODE_SCHEDULABLE_LABEL, UNPAUSED_READINESS_GATE } from "../../src/api/labels.ts";
import type { Resource } from "../../src/kube/client.ts";
import { CONTROLLER_REVISIONS, NODES, PODS } from "../../src/kube/core_resources.ts";
import { keyOf, type KubeObject } from "../../src/kube/object.ts";
import type { Node, Pod } from "../../src/resources/core_objects.ts";
import { type ApiServer, idOf } from "./api_server.ts";
import type { Faults } from "./faults.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export interface KubernetesParts {
  server: ApiServer;
  clock: VirtualClock;
  random: Random;
  faults: Faults;
  trace: Trace;
}

/** Does something a little later, and swallows what fails because the object is gone or was changed: it is done again. */
function later(parts: KubernetesParts, maxMs: number, body: () => Promise<unknown> | void): void {
  parts.clock.setTimer(() => {
    attempt(body);
  }, parts.random.skewed(1, maxMs));
}

function attempt(body: () => Promise<unknown> | void): void {
  const ignore = () => {};
  Promise.resolve(body()).then(ignore, ignore);
}

// ---- kubelet ----------------------------------------------------------------------------------------------------------

const START_MS_MAX = 3_000;
const PROBLEM_MS_MAX = 40_000;
const REACTION_MS_MAX = 300;

/** Runs the pods of one machine. */
export class Kubelet {
  readonly #parts: KubernetesParts;
  readonly machine: Machine;
  isCutOff = false;
  /** By pod UID: what this kubelet has begun to do about it in this boot of its machine. */
  readonly #known = new Map<string, "starting" | "up" | "over" | "removing">();
  #boot: number;

  constructor(machine: Machine, parts: KubernetesParts) {
    this.machine = machine;
    this.#parts = parts;
    this.#boot = machine.boot;
    parts.server.onChange(({ resource, type, object }) => {
      if (resource !== idOf(PODS)) return;
      const pod = object as Pod;
      if (pod.spec.nodeName !== machine.name) return;
      if (type === "DELETED") this.#forceKilled(pod);
      else later(parts, REACTION_MS_MAX, () => this.#look(pod.metadata.uid));
    });
  }

  /** After a time without the API server, or after a reboot. */
  resync(): void {
    if (this.machine.boot !== this.#boot) {
      this.#boot = this.machine.boot;
      this.#known.clear();
    }
    for (const pod of this.#parts.server.list<Pod>(PODS)) {
      if (pod.spec.nodeName === this.machine.name) this.#look(pod.metadata.uid);
    }
  }

  /** The first process of a pod dies. */
  crash(podUid: string): void {
    if (this.#known.get(podUid) !== "up") return;
    this.machine.endEnvelope(podUid);
    this.#ended(podUid, "Failed", "Error");
  }

  /** It ends a pod that nobody deletes (a probe failed, the node is short of memory): SIGTERM, and the end after the grace. */
  stop(pod: Pod, onKill: () => void): void {
    const { uid } = pod.metadata;
    if (this.#known.get(uid) !== "up") return;
    const { clock, trace } = this.#parts;
    trace.add(`kubelet ${this.machine.name}`, () => `stops pod ${pod.metadata.name}`);
    this.machine.terminateEnvelope(uid);
    const graceMs = (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    clock.setTimer(() => {
      if (this.#known.get(uid) === "up") onKill();
      this.crash(uid);
    }, graceMs);
  }

  #look(uid: string): void {
    const { server } = this.#parts;
    if (this.isCutOff || !this.machine.isOn || this.#boot !== this.machine.boot) return;
    const pod = server.list<Pod>(PODS).find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined) return;
    const state = this.#known.get(uid);
    const phase = pod.status?.phase;
    const isOver = phase === "Succeeded" || phase === "Failed";
    if (state === undefined && phase === "Running") {
      return this.#ended(uid, "Failed", "NodeRestart");
    }
    if (pod.metadata.deletionTimestamp !== undefined) return this.#delete(pod, isOver);
    if (state === undefined && !isOver) this.#start(pod);
  }

  #start({ metadata: { uid } }: Pod): void {
    const { faults, random } = this.#parts;
    this.#known.set(uid, "starting");
    if (faults.strikes("podFails")) {
      if (random.chance(0.5)) return this.#ended(uid, "Failed", "OutOfmemory");
      this.#waiting(uid);
      return later(this.#parts, PROBLEM_MS_MAX, () => this.#up(uid));
    }
    later(this.#parts, START_MS_MAX, () => this.#up(uid));
  }

  #waiting(uid: string): void {
    this.#write(uid, (pod) => ({
      containerStatuses: pod.spec.containers.map(({ name, image }) => ({
        name,
        image,
        ready: false,
        state: { waiting: { reason: "ErrImagePull", message: "not found" } },
      })),
    }));
  }

  #up(uid: string): void {
    if (this.#known.get(uid) !== "starting" || this.#boot !== this.machine.boot) return;
    this.#known.set(uid, "up");
    this.machine.startEnvelope(uid, () => {
      this.machine.endEnvelope(uid);
      this.#ended(uid, "Succeeded");
    });
    this.#write(uid, (pod) => ({
      phase: "Running",
      podIP: "10.88.0.7",
      podIPs: [{ ip: "10.88.0.7" }],
      conditions: [
        ...(pod.status?.conditions ?? []).filter(({ type }) => type === UNPAUSED_READINESS_GATE),
        { type: "ContainersReady", status: "True" },
      ],
      containerStatuses: pod.spec.containers.map(({ name, image }) => ({
        name,
        image,
        ready: true,
        state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
      })),
    }));
  }

  #ended(uid: string, phase: "Succeeded" | "Failed", reason?: string): void {
    this.#known.set(uid, "over");
    this.#write(uid, () => ({ phase, ...(reason !== undefined && { reason }) }));
  }

  /** SIGTERM ends no envelope: it tells the agent, and waits for it until the pod's grace period ends. */
  #delete(pod: Pod, isOver: boolean): void {
    const { clock } = this.#parts;
    const { uid, deletionTimestamp = "" } = pod.metadata;
    const state = this.#known.get(uid);
    if (state === "removing") return;
    if (isOver || state !== "up") {
      this.#known.set(uid, "removing");
      this.machine.endEnvelope(uid);
      return later(this.#parts, REACTION_MS_MAX, () => this.#remove(uid));
    }
    this.machine.terminateEnvelope(uid);
    const leftMs = Math.max(0, Date.parse(deletionTimestamp) - clock.now().getTime());
    clock.setTimer(() => this.crash(uid), leftMs);
  }

  #remove(uid: string): Promise<unknown> | void {
    const { server, trace } = this.#parts;
    if (this.isCutOff || !this.machine.isOn) return void this.#known.set(uid, "over");
    const pod = server.list<Pod>(PODS).find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined) return;
    trace.add(`kubelet ${this.machine.name}`, () => `removes pod ${pod.metadata.name}`);
    const preconditions = { uid };
    return server.direct.delete(PODS, keyOf(pod), { gracePeriodSeconds: 0, preconditions });
  }

  /** Somebody removed the object: the kubelet kills what it finds running without one. */
  #forceKilled({ metadata: { uid } }: Pod): void {
    later(this.#parts, REACTION_MS_MAX, () => {
      if (this.isCutOff || this.#known.get(uid) === undefined) return;
      this.machine.endEnvelope(uid);
      this.#known.delete(uid);
    });
  }

  #write(uid: string, statusOf: (pod: Pod) => Record<string, unknown>): void {
    const { server, trace } = this.#parts;
    const write = (): Promise<unknown> | void => {
      if (this.isCutOff) return void this.#unsaid.push(write);
      const pod = server.list<Pod>(PODS).find(({ metadata }) => metadata.uid === uid);
      if (pod === undefined || !this.machine.isOn) return;
      const status = statusOf(pod);
      trace.add(
        `kubelet ${this.machine.name}`,
        () => `pod ${pod.metadata.name}: ${status.phase ?? "ErrImagePull"}`,
      );
      return server.direct.patch(PODS, keyOf(pod), { status }, { subresource: "status" });
    };
    // What cannot be said now is said after the reconnection: see reconnect().
    if (this.isCutOff) return void this.#unsaid.push(write);
    const { clock, random } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#saidMs = Math.max(this.#saidMs, nowMs + random.skewed(1, REACTION_MS_MAX));
    clock.setTimer(() => attempt(write), this.#saidMs - nowMs);
  }

  /** A kubelet tells of its pods in the order in which things happen. */
  #saidMs = 0;

  #unsaid: (() => Promise<unknown> | void)[] = [];

  reconnect(): void {
    this.isCutOff = false;
    const unsaid = this.#unsaid;
    this.#unsaid = [];
    for (const write of unsaid) attempt(write);
    later(this.#parts, REACTION_MS_MAX, () => this.resync());
  }
}

// ---- scheduler --------------------------------------------------------------------------------------------------------

const SCHEDULING_RETRY_MS = 5_000;

/** Puts pods on nodes that take guests. */
export function playScheduler(parts: KubernetesParts): void {
  const { server, random, trace, clock } = parts;
  const place = (uid: string): Promise<unknown> | void => {
    const pod = server.list<Pod>(PODS).find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined || pod.spec.nodeName !== undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const nodes = server.list<Node>(NODES)
      .filter(({ metadata }) => metadata.labels?.[NODE_SCHEDULABLE_LABEL] === "true");
    const node = random.pick(nodes);
    if (node !== undefined) {
      trace.add("scheduler", () => `pod ${pod.metadata.name} on ${node.metadata.name}`);
      return server.direct.patch(PODS, keyOf(pod), { spec: { nodeName: node.metadata.name } });
    }
    clock.setTimer(() => attempt(() => place(uid)), SCHEDULING_RETRY_MS);
    const isTold = pod.status?.conditions?.some(({ reason }) => reason === "Unschedulable");
    if (isTold) return;
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable" };
    const status = { conditions: [{ ...condition, message: "0/1 nodes are available" }] };
    return server.direct.patch(PODS, keyOf(pod), { status }, { subresource: "status" });
  };
  server.onChange(({ resource, type, object }) => {
    if (resource !== idOf(PODS) || type !== "ADDED") return;
    later(parts, REACTION_MS_MAX, () => place(object.metadata.uid));
  });
}

// ---- garbage collector ------------------------------------------------------------------------------------------------

const COLLECTION_MS_MAX = 2_000;
const OWNED: readonly Resource[] = [VIRTUAL_MACHINE_INSTANCES, PODS, CONTROLLER_REVISIONS];

/** Deletes what lost its owner, also what is created after the owner went. */
export function playGarbageCollector(parts: KubernetesParts): void {
  const { server, trace } = parts;
  const uids = new Set<string>();
  const owners = [idOf(VIRTUAL_MACHINES), idOf(VIRTUAL_MACHINE_INSTANCES)];
  const collect = (resource: Resource, uid: string): Promise<unknown> | void => {
    const object = server.list(resource).find(({ metadata }) => metadata.uid === uid);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const references = object.metadata.ownerReferences ?? [];
    if (references.length === 0 || references.some((owner) => uids.has(owner.uid))) return;
    trace.add("collector", () => `${resource.plural} ${object.metadata.name} lost its owner`);
    return server.direct.delete(resource, keyOf(object), { preconditions: { uid } });
  };
  const collectLater = (resource: Resource, object: KubeObject) =>
    later(parts, COLLECTION_MS_MAX, () => collect(resource, object.metadata.uid));
  server.onChange(({ resource, type, object }) => {
    const kind = OWNED.find((each) => idOf(each) === resource);
    if (owners.includes(resource)) {
      if (type !== "DELETED") uids.add(object.metadata.uid);
      else {
        uids.delete(object.metadata.uid);
        for (const each of OWNED) {
          for (const owned of server.list(each)) {
            const references = owned.metadata.ownerReferences ?? [];
            if (references.some(({ uid }) => uid === object.metadata.uid)) {
              collectLater(each, owned);
            }
          }
        }
      }
    }
    if (kind === undefined || type === "DELETED") return;
    const references = object.metadata.ownerReferences ?? [];
    if (references.length > 0 && !references.some(({ uid }) => uids.has(uid))) {
      collectLater(kind, object);
    }
  });
}
