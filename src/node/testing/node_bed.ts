/** A node agent's controller over a fake cluster and fake guests: everything between them is real. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { FakeHypervisor, FakeNode } from "../../hypervisor/fake/fake_hypervisor.ts";
import type { Envelopes } from "../../hypervisor/envelope.ts";
import type { Hypervisor } from "../../hypervisor/hypervisor.ts";
import type { KubeClient, PatchOptions, Resource } from "../../kube/client.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import type { KubeObject, ObjectKey } from "../../kube/object.ts";
import { PODS } from "../../kube/core_resources.ts";
import type { Pod } from "../../resources/core_objects.ts";
import { leaseAnnotations } from "../../resources/virtual_machine_instance/lease.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import { Informer } from "../../runtime/informer.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import type { EventRecord } from "../../runtime/reconciler.ts";
import { adoptDomains } from "../adopt.ts";
import { followDomainEvents } from "../domain_events.ts";
import { Orphans } from "../orphans.ts";
import { Actor } from "../virtual_machine_instance/act.ts";
import { Launcher, type PodFiles } from "../virtual_machine_instance/launch.ts";
import { LaunchMemory } from "../virtual_machine_instance/launch_memory.ts";
import { CREATED_BY_INDEX, createdBy, Observer } from "../virtual_machine_instance/observe.ts";
import { PodSockets } from "../virtual_machine_instance/pod_sockets.ts";
import { NodeVirtualMachineInstanceReconciler } from "../virtual_machine_instance/reconciler.ts";
import { StopWatches } from "../virtual_machine_instance/stop_watches.ts";
import { FakeEnvelopes } from "./fake_envelopes.ts";
import { vmi, type VmiParts } from "./vmi.ts";

export const NODE = "node-1";
export const KEY = { namespace: "default", name: "small" };
export const POD_KEY = { namespace: "default", name: "virt-launcher-small-x" };
export const KUBELET_ROOT = "/var/lib/kubelet";
const FACTS = () => ({ emulationReason: "KVMNotAvailable" as const });
const DEADLINE_MS = 30_000;

/** Knows the one strategic merge that the agent makes: a pod's conditions are merged by their type. */
class StrategicClient extends FakeClient {
  override async patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    if (options.type !== "strategic") return await super.patch<T>(resource, key, patch, options);
    const { metadata, status } = patch as Pod;
    const before = (await this.get<Pod>(PODS, key))?.status?.conditions ?? [];
    const changed = status?.conditions ?? [];
    const kept = before.filter(({ type }) => !changed.some((other) => other.type === type));
    const merged = { metadata, status: { conditions: [...kept, ...changed] } };
    return await super.patch<T>(resource, key, merged, { ...options, type: "merge" });
  }
}

/** The world outside of the agent: it outlives any number of agents. */
export class NodeBed {
  readonly client: FakeClient;
  readonly guests = new FakeNode();
  readonly envelopes = new FakeEnvelopes();
  readonly events: EventRecord[] = [];
  /** Files of containers by path. */
  readonly files = new Map<string, Uint8Array>();
  writes = 0;
  /** Called before each look at one VMI. */
  onRead: () => void = () => {};
  /** Called before each write. */
  onWrite: () => void = () => {};

  constructor() {
    this.client = new StrategicClient({
      withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES],
      onCall: ({ verb, resource }) => {
        if (verb === "get" && resource === VIRTUAL_MACHINE_INSTANCES) this.onRead();
        if (verb !== "patch" && verb !== "update") return;
        this.writes += 1;
        this.onWrite();
      },
    });
  }

  /** A VMI that was handed over to the node, with its pod. */
  async handOver(parts: VmiParts = {}): Promise<void> {
    const made = await this.client.create<VirtualMachineInstance>(
      VIRTUAL_MACHINE_INSTANCES,
      vmi({
        ...parts,
        metadata: {
          labels: { "kubevirt.io/nodeName": NODE },
          finalizers: ["kubevirt.io/foregroundDeleteVirtualMachine"],
          ...parts.metadata,
        },
        status: { phase: "Scheduled", nodeName: NODE },
      }),
    );
    const pod = await this.client.create<Pod>(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...POD_KEY,
        labels: { "kubevirt.io": "virt-launcher", "kubevirt.io/created-by": made.metadata.uid },
      },
      spec: { nodeName: NODE, containers: [{ name: "compute", image: "envelope" }] },
    });
    await this.client.patch(PODS, POD_KEY, {
      status: { phase: "Running", conditions: [{ type: "ContainersReady", status: "True" }] },
    }, { type: "merge", subresource: "status" });
    const annotations = leaseAnnotations(made, pod);
    await this.client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, { metadata: { annotations } });
    for (const socket of ["compute", "kernel-boot"]) {
      this.envelopes.listening.set(socketPath(pod.metadata.uid, socket), 4242);
    }
  }

  async vmi(): Promise<VirtualMachineInstance> {
    const found = await this.client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, KEY);
    if (found === undefined) throw new Error("Cannot find the VMI");
    return found;
  }

  /** Waits for a VMI that is so; answers it. */
  async until(
    what: string,
    condition: (vmi: VirtualMachineInstance) => boolean | Promise<boolean>,
  ): Promise<VirtualMachineInstance> {
    const endMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const seen = await this.vmi();
      if (await condition(seen)) return seen;
      if (performance.now() > endMs) {
        throw new Error(`Cannot go on: it never came that ${what}: ${JSON.stringify(seen.status)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Where the envelope of the pod listens. */
  async computeSocket(): Promise<string> {
    return socketPath((await this.pod()).metadata.uid, "compute");
  }

  async pod(): Promise<Pod> {
    const found = await this.client.get<Pod>(PODS, POD_KEY);
    if (found === undefined) throw new Error("Cannot find the pod");
    return found;
  }
}

function socketPath(podUid: string, socket: string): string {
  return `${KUBELET_ROOT}/pods/${podUid}/volumes/kubernetes.io~empty-dir/sockets/${socket}.sock`;
}

/** What a {@link NodeController} works with instead of a node. */
export interface NodeControllerOptions {
  /** @default the bed's */
  client?: KubeClient;
  hypervisor: Hypervisor;
  launcher: Pick<Launcher, "launch">;
  sockets: PodSockets;
}

/** The agent's controller of VMIs, over a bed's cluster and whatever runs guests. */
export class NodeController implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(bed: NodeBed, options: NodeControllerOptions) {
    const { client = bed.client, hypervisor, launcher, sockets } = options;
    const clock = SYSTEM_CLOCK;
    const shared = { client, logger: SILENT_LOGGER };
    const vmis = new Informer<VirtualMachineInstance>({
      ...shared,
      resource: VIRTUAL_MACHINE_INSTANCES,
    });
    const pods = new Informer<Pod>({
      ...shared,
      resource: PODS,
      indexes: { [CREATED_BY_INDEX]: createdBy },
    });
    const memory = new LaunchMemory();
    const enqueue = (): void => controller.enqueue(KEY);
    const controller = new Controller({
      reconciler: new NodeVirtualMachineInstanceReconciler({
        client,
        memory,
        observer: new Observer({
          client,
          nodeName: NODE,
          vmis,
          pods,
          hypervisor,
          sockets,
          stops: new StopWatches({ sockets, lifetime: this.#stop.signal }),
          memory,
          clock,
          facts: FACTS,
          enqueue,
        }),
        actor: new Actor({ client, hypervisor, launcher, sockets, memory, clock }),
      }),
      logger: SILENT_LOGGER,
      events: { record: (event) => void bed.events.push(event) },
    });
    controller.watch(vmis, () => [KEY]);
    controller.watch(pods, () => [KEY]);
    const { signal } = this.#stop;
    const fenced = { client, hypervisor, nodeName: NODE, clock, log: SILENT_LOGGER };
    const orphans = new Orphans({
      ...fenced,
      known: () => new Set(vmis.list().map(({ metadata }) => metadata.uid)),
    });
    const events = {
      hypervisor,
      keyOf: () => KEY,
      enqueue,
      clock,
      log: SILENT_LOGGER,
    };
    const run = async () => {
      await adoptDomains(fenced, signal);
      await Promise.all([
        vmis.run(signal),
        pods.run(signal),
        controller.run(signal),
        followDomainEvents(events, signal),
        orphans.run(signal),
      ]);
    };
    // What an agent that is being ended may run into is of no interest.
    this.#running = run().catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/** Puts itself between the agent and one of its ports. */
export type Through = <T extends object>(name: string, port: T) => T;

/** One life of the agent over fake guests; disposing of it is its end, and no guest's. */
export class TestAgent implements AsyncDisposable {
  readonly hypervisor: FakeHypervisor;
  readonly #controller: NodeController;

  constructor(bed: NodeBed, through: Through = (_name, port) => port) {
    this.hypervisor = new FakeHypervisor({ node: bed.guests });
    const client = through<KubeClient>("api", bed.client);
    const hypervisor = through<Hypervisor>("hypervisor", this.hypervisor);
    const envelopes = through<Envelopes>("envelopes", bed.envelopes);
    const sockets = new PodSockets({ envelopes, kubeletRoot: KUBELET_ROOT });
    const files = through<PodFiles>("files", {
      read: (_pid, path) => Promise.resolve(bed.files.get(path)),
    });
    const launcher = new Launcher({
      hypervisor,
      sockets,
      files,
      facts: FACTS,
      runDirectory: "/nonexistent",
    });
    this.#controller = new NodeController(bed, { client, hypervisor, launcher, sockets });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]();
    await this.hypervisor[Symbol.asyncDispose]();
  }
}
