/**
 * A kubelet's part in the life of a launcher pod: what a kubelet would write, it writes at once; with containers if it is
 * given something that runs them.
 *
 *   bound -> Running, containers ready -> (gate opened by the agent) Ready -> (envelope released) Succeeded
 *   deletion asked for -> gone
 */
import {
  KVM_DEVICE_RESOURCE,
  MACHINE_TYPE_LABEL_PREFIX,
  NODE_SCHEDULABLE_LABEL,
  TUN_DEVICE_RESOURCE,
  VHOST_NET_DEVICE_RESOURCE,
} from "../../src/api/labels.ts";
import type { Envelope, Envelopes, StopWatch } from "../../src/hypervisor/envelope.ts";
import { EnvelopeError } from "../../src/hypervisor/envelope.ts";
import { FakeStopWatch } from "../../src/hypervisor/fake/fake_stop_watch.ts";
import type { KubeClient, Resource } from "../../src/kube/client.ts";
import { LEASES, NODES, PODS } from "../../src/kube/core_resources.ts";
import { isObjectNotFound } from "../../src/kube/kube_error.ts";
import { keyOf } from "../../src/kube/object.ts";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { sleep, SYSTEM_CLOCK } from "../../src/runtime/clock.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";

export const NODE = "bench-node";
const CAPACITY = {
  cpu: "100k",
  memory: "100Ti",
  pods: "100k",
  "ephemeral-storage": "100Ti",
  [KVM_DEVICE_RESOURCE]: "100k",
  [TUN_DEVICE_RESOURCE]: "100k",
  [VHOST_NET_DEVICE_RESOURCE]: "100k",
};
/** What guests ask of a node. */
const LABELS = {
  "kubernetes.io/arch": "amd64",
  [NODE_SCHEDULABLE_LABEL]: "true",
  [`${MACHINE_TYPE_LABEL_PREFIX}q35`]: "true",
};
const LEASE_NAMESPACE = "kube-node-lease";
/** The controller manager gives a node up after 40 s. */
const LEASE_MS = 10_000;
/** The node controller of the product gives an agent up after 5 min. */
const LEASES_PER_HEARTBEAT = 6;

/** Runs the containers of pods. */
export interface Containers {
  /** Resolves when all listen. */
  start(pod: Pod): Promise<void>;
  /** Resolves when the pod's PID 1 has ended. */
  ended(podUid: string): Promise<void>;
  /** Ends what is left of a pod. */
  remove(podUid: string): Promise<void>;
}

export class StandInKubelet implements Envelopes {
  readonly #client: KubeClient;
  readonly #node: string;
  readonly #containers: Containers | undefined;
  readonly #pods: Informer<Pod>;
  /** What was written last of each pod, by UID: the cache lags behind it. */
  readonly #stages = new Map<string, string>();
  readonly #running = new Map<string, Pod>();
  readonly #released = new Set<string>();
  readonly #watches = new Map<string, FakeStopWatch[]>();
  readonly #failed = Promise.withResolvers<never>();

  constructor(client: KubeClient, containers?: Containers, node = NODE) {
    this.#client = client;
    this.#node = node;
    this.#containers = containers;
    this.#pods = new Informer<Pod>({
      client,
      logger: SILENT_LOGGER,
      resource: PODS,
      fieldSelector: `spec.nodeName=${node}`,
    });
    this.#pods.addHandler((change) => {
      if (change.new !== undefined) this.#play(change.new);
      else if (change.old !== undefined) this.#forget(change.old.metadata.uid);
    });
  }

  /** Plays until the signal aborts. Rejects as soon as something failed. */
  async run(signal: AbortSignal): Promise<void> {
    const playing = Promise.all([this.#pods.run(signal), this.#beat(signal)]);
    await Promise.race([playing, this.#failed.promise]);
  }

  /** Envelopes listen while their pod runs. */
  async connect(socketPath: string): Promise<Envelope> {
    const pod = await this.#listening(socketPath);
    const { uid } = pod.metadata;
    return {
      pid: 1,
      alive: () => !this.#released.has(uid),
      release: () => {
        this.#end(pod);
        return Promise.resolve();
      },
      close: () => {},
      [Symbol.dispose]: () => {},
    };
  }

  /** Containers are told to stop with the deletion of their pod alone, which the agent sees for itself. */
  async watchStop(socketPath: string): Promise<StopWatch> {
    const { metadata: { uid } } = await this.#listening(socketPath);
    const watch = new FakeStopWatch(false);
    this.#watches.set(uid, [...this.#watches.get(uid) ?? [], watch]);
    return watch;
  }

  #listening(socketPath: string): Promise<Pod> {
    const uid = /\/pods\/([^/]+)\//.exec(socketPath)?.[1] ?? "";
    const pod = this.#running.get(uid);
    if (pod !== undefined && !this.#released.has(uid)) return Promise.resolve(pod);
    const reason = "absent";
    return Promise.reject(new EnvelopeError(`Cannot connect to ${socketPath}`, { reason }));
  }

  #end(pod: Pod): void {
    this.#released.add(pod.metadata.uid);
    this.#endWatches(pod.metadata.uid);
    this.#play(pod);
  }

  #endWatches(podUid: string): void {
    for (const watch of this.#watches.get(podUid) ?? []) watch.close();
    this.#watches.delete(podUid);
  }

  #forget(uid: string): void {
    this.#stages.delete(uid);
    this.#running.delete(uid);
    this.#released.delete(uid);
    this.#endWatches(uid);
  }

  #play(pod: Pod): void {
    const { uid } = pod.metadata;
    const stage = this.#stageOf(pod);
    if (stage === undefined || this.#stages.get(uid) === stage) return;
    if (stage === "Running" && this.#stages.has(uid)) return; // seen as it was before
    this.#stages.set(uid, stage);
    if (stage === "Running") this.#running.set(uid, pod);
    this.#write(pod, stage).catch((error) => {
      if (!isObjectNotFound(error)) this.#failed.reject(error);
    });
  }

  #stageOf(pod: Pod): "gone" | "Succeeded" | "Ready" | "Running" | undefined {
    if (pod.metadata.deletionTimestamp) return "gone";
    if (this.#released.has(pod.metadata.uid)) return "Succeeded";
    if (isGateOpen(pod)) return "Ready";
    return pod.status?.phase === "Running" ? undefined : "Running";
  }

  async #write(pod: Pod, stage: "gone" | "Succeeded" | "Ready" | "Running"): Promise<void> {
    const key = keyOf(pod);
    const { uid } = pod.metadata;
    if (stage === "gone") {
      await this.#endContainers(pod);
      const preconditions = { uid };
      await this.#client.delete(PODS, key, { gracePeriodSeconds: 0, preconditions });
      return;
    }
    if (stage === "Running") await this.#startContainers(pod);
    const options = { type: "strategic", subresource: "status" } as const;
    await this.#client.patch(PODS, key, { status: statusOf(pod, stage) }, options);
  }

  async #startContainers(pod: Pod): Promise<void> {
    if (this.#containers === undefined) return;
    await this.#containers.start(pod);
    void this.#containers.ended(pod.metadata.uid).then(() => this.#end(pod));
  }

  async #endContainers({ metadata: { uid, deletionGracePeriodSeconds = 0 } }: Pod): Promise<void> {
    if (this.#containers === undefined) return;
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, deletionGracePeriodSeconds * 1_000);
    await Promise.race([this.#containers.ended(uid), grace.promise]);
    clearTimeout(timer);
    await this.#containers.remove(uid);
  }

  /** The node and its lease, once for all that play. */
  static async register(client: KubeClient, name = NODE): Promise<void> {
    await client.create(NODES, { metadata: { name, labels: LABELS } });
    const node = { name };
    await client.patch(NODES, node, { status: nodeStatus() }, { subresource: "status" });
    await client.patch(NODES, node, { spec: { taints: null } });
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() };
    const options = { namespace: LEASE_NAMESPACE };
    await client.create(LEASES, { metadata: { name }, spec }, options);
  }

  /** So that others can register. */
  static async unregister(client: KubeClient, name = NODE): Promise<void> {
    await client.delete(NODES, { name });
    await client.delete(LEASES, { namespace: LEASE_NAMESPACE, name });
  }

  async #beat(signal: AbortSignal): Promise<void> {
    for (let beat = 0; !signal.aborted; beat++) {
      const spec = { renewTime: microTime() };
      await this.#patch(LEASES, { namespace: LEASE_NAMESPACE, name: this.#node }, { spec });
      await this.#client.patch(NODES, { name: this.#node }, { status: nodeStatus() }, {
        subresource: "status",
      });
      if (beat % LEASES_PER_HEARTBEAT === 0) {
        const annotations = { "kubevirt.io/heartbeat": seconds() };
        await this.#patch(NODES, { name: this.#node }, { metadata: { annotations } });
      }
      await sleep(SYSTEM_CLOCK, LEASE_MS, signal);
    }
  }

  async #patch(
    resource: Resource,
    key: { namespace?: string; name: string },
    patch: unknown,
  ): Promise<void> {
    await this.#client.patch(resource, key, patch);
  }
}

function nodeStatus() {
  const times = { lastHeartbeatTime: seconds(), lastTransitionTime: seconds() };
  return {
    capacity: CAPACITY,
    allocatable: CAPACITY,
    conditions: [{ type: "Ready", status: "True", reason: "StandIn", ...times }],
    addresses: [{ type: "InternalIP", address: "192.0.2.1" }],
  };
}

function statusOf(pod: Pod, stage: "Succeeded" | "Ready" | "Running") {
  const condition = (type: string, status: string) => ({ type, status, ...times() });
  if (stage === "Ready") return { conditions: [condition("Ready", "True")] };
  if (stage === "Succeeded") {
    return { phase: "Succeeded", conditions: [condition("Ready", "False")] };
  }
  return {
    phase: "Running",
    startTime: seconds(),
    podIP: "192.0.2.2",
    podIPs: [{ ip: "192.0.2.2" }],
    conditions: ["Initialized", "ContainersReady"].map((type) => condition(type, "True")),
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      restartCount: 0,
      started: true,
      state: { running: { startedAt: seconds() } },
    })),
  };
}

function times() {
  return { lastTransitionTime: seconds() };
}

function seconds(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
