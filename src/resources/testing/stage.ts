/**
 * The VM and VMI controllers at work on an API server, and hands that play kubelet and node agent. The server is the
 * in-memory one or a real one: tests see no difference.
 */
import { isFinalPhase } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import {
  apiVersionOf,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINES,
} from "../../api/registry.ts";
import type { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachineInstanceReplicaSet } from "../../api/replica_set.ts";
import type { KubeClient } from "../../kube/client.ts";
import { PODS } from "../../kube/core_resources.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import type { EventRecord } from "../../runtime/reconciler.ts";
import type { Pod } from "../core_objects.ts";
import { BY_VMI_UID, type ControllerInformers, createControllerInformers } from "../informers.ts";
import { runInformers } from "../informers.ts";
import { createVirtualMachineController } from "../virtual_machine/controller.ts";
import { createVirtualMachineInstanceController } from "../virtual_machine_instance/controller.ts";
import { createReplicaSetController } from "../virtual_machine_instance_replica_set/controller.ts";
import { createPoolController } from "../virtual_machine_pool/controller.ts";
import { enterPhase } from "../virtual_machine_instance/phase_transition.ts";

const DEADLINE_MS = 60_000;
const NODE = "node-1";
const READY = { type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" };

export interface StageSubject extends AsyncDisposable {
  client: KubeClient;
  namespace: string;
  /** Puts a pod on a node, as the scheduler does. */
  bind(pod: Pod, node: string): Promise<void>;
}

export class Stage implements AsyncDisposable {
  readonly events: EventRecord[] = [];
  readonly #writes: Write[] = [];
  readonly informers: ControllerInformers;
  readonly #subject: StageSubject;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #waiters = new Set<() => void>();

  constructor(subject: StageSubject) {
    this.#subject = subject;
    const client = countingWrites(subject.client, this.#writes);
    const logger = SILENT_LOGGER;
    this.informers = createControllerInformers({ client, logger });
    const events = {
      record: (event: EventRecord) => {
        this.events.push(event);
        this.#wake();
      },
    };
    const dependencies = { client, logger, events, informers: this.informers };
    const envelopeImage = "registry.example/envelope:1";
    const controllers = [
      createVirtualMachineController(dependencies),
      createVirtualMachineInstanceController({ ...dependencies, envelopeImage }),
      createReplicaSetController(dependencies),
      createPoolController(dependencies),
    ];
    for (const informer of Object.values(this.informers)) informer.addHandler(() => this.#wake());
    const { signal } = this.#stop;
    this.#running = Promise.all([
      runInformers(this.informers, signal),
      ...controllers.map((controller) => controller.run(signal)),
    ]);
  }

  /**
   * Writes of the controllers that were accepted, in order: "create pods", "patch virtualmachines Running". One that was
   * refused because the cache was behind changed nothing.
   */
  async acceptedWrites(): Promise<string[]> {
    const outcomes = await Promise.all(this.#writes.map(({ accepted }) => accepted));
    return this.#writes.filter((_, index) => outcomes[index]).map(({ what }) => what);
  }

  forgetWrites(): void {
    this.#writes.length = 0;
  }

  get client(): KubeClient {
    return this.#subject.client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#subject[Symbol.asyncDispose]();
  }

  key(name: string): ObjectKey {
    return { namespace: this.#subject.namespace, name };
  }

  async createVm(vm: VirtualMachine): Promise<void> {
    const { uid: _, resourceVersion: __, ...metadata } = vm.metadata;
    const { namespace } = this.#subject;
    const object = { ...vm, metadata: { ...metadata, namespace } };
    await this.client.create(VIRTUAL_MACHINES, object, { namespace });
  }

  async createVmi(vmi: VirtualMachineInstance): Promise<void> {
    const { uid: _, resourceVersion: __, ...metadata } = vmi.metadata;
    const { namespace } = this.#subject;
    const object = { ...vmi, metadata: { ...metadata, namespace } };
    await this.client.create(VIRTUAL_MACHINE_INSTANCES, object, { namespace });
  }

  async createReplicaSet(set: VirtualMachineInstanceReplicaSet): Promise<void> {
    const { uid: _, resourceVersion: __, ...metadata } = set.metadata;
    const { namespace } = this.#subject;
    const object = { ...set, metadata: { ...metadata, namespace } };
    await this.client.create(VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS, object, { namespace });
  }

  async createInstancetype(name: string, spec: VirtualMachineInstancetypeSpec): Promise<void> {
    const { namespace } = this.#subject;
    const { kind } = VIRTUAL_MACHINE_INSTANCETYPES;
    const apiVersion = apiVersionOf(VIRTUAL_MACHINE_INSTANCETYPES);
    const object = { apiVersion, kind, metadata: { name }, spec };
    await this.client.create(VIRTUAL_MACHINE_INSTANCETYPES, object, { namespace });
  }

  async createPool(pool: VirtualMachinePool): Promise<void> {
    const { uid: _, resourceVersion: __, ...metadata } = pool.metadata;
    const { namespace } = this.#subject;
    const object = { ...pool, metadata: { ...metadata, namespace } };
    await this.client.create(VIRTUAL_MACHINE_POOLS, object, { namespace });
  }

  /** The machines of a pool by name, also those that are being deleted. */
  machinesOf(pool: string): VirtualMachine[] {
    return this.informers.virtualMachines.list({ namespace: this.#subject.namespace })
      .filter((vm) => vm.metadata.ownerReferences?.some(({ name }) => name === pool))
      .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  pool(name: string): VirtualMachinePool | undefined {
    return this.informers.pools.get(this.key(name));
  }

  /** The instances of a set that have not ended and are not being deleted. */
  instancesOf(set: string): VirtualMachineInstance[] {
    return this.informers.virtualMachineInstances.list({ namespace: this.#subject.namespace })
      .filter((vmi) =>
        vmi.metadata.ownerReferences?.some(({ name }) => name === set) &&
        !vmi.metadata.deletionTimestamp && !isFinalPhase(vmi.status?.phase)
      );
  }

  replicaSet(name: string): VirtualMachineInstanceReplicaSet | undefined {
    return this.informers.replicaSets.get(this.key(name));
  }

  vm(name: string): VirtualMachine | undefined {
    return this.informers.virtualMachines.get(this.key(name));
  }

  vmi(name: string): VirtualMachineInstance | undefined {
    return this.informers.virtualMachineInstances.get(this.key(name));
  }

  podOf(vmi: VirtualMachineInstance): Pod | undefined {
    return this.informers.launcherPods.byIndex(BY_VMI_UID, vmi.metadata.uid)[0];
  }

  /** The first value that is something; asked again after each change of any object. */
  async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      const remainingMs = deadline - Date.now();
      if (remainingMs <= 0) throw new Error(`Waited in vain for ${what}: ${this.#describe()}`);
      await this.#change(remainingMs);
    }
  }

  untilStatus(name: string, printableStatus: string): Promise<VirtualMachine> {
    return this.until(`VM ${name} to be ${printableStatus}`, () => {
      const vm = this.vm(name);
      return vm?.status?.printableStatus === printableStatus && vm;
    });
  }

  untilPhase(name: string, phase: string): Promise<VirtualMachineInstance> {
    return this.until(`VMI ${name} to be ${phase}`, () => {
      const vmi = this.vmi(name);
      return vmi?.status?.phase === phase && vmi;
    });
  }

  /** The pod of the VMI that is being started now. */
  async untilPod(name: string): Promise<Pod> {
    return await this.until(`a pod of VMI ${name}`, () => {
      const vmi = this.vmi(name);
      return vmi?.status?.phase === "Scheduling" && this.podOf(vmi);
    });
  }

  // ---- scheduler and kubelet ----------------------------------------------------------------------------------------

  async startPod(name: string): Promise<Pod> {
    const pod = await this.untilPod(name);
    await this.#subject.bind(pod, NODE);
    await this.patchPodStatus(pod, {
      phase: "Running",
      podIP: "10.88.0.7",
      podIPs: [{ ip: "10.88.0.7" }],
      conditions: [{ type: "ContainersReady", status: "True" }],
      containerStatuses: pod.spec.containers.map(({ name, image }) => ({
        name,
        image,
        imageID: image,
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
      })),
    });
    return pod;
  }

  async patchPodStatus(pod: Pod, status: Record<string, unknown>): Promise<void> {
    await this.client.patch(PODS, keyOf(pod), { status }, { subresource: "status" });
  }

  /** A pod whose deletion was asked for ends. */
  async removePod(pod: Pod): Promise<void> {
    await this.client.delete(PODS, keyOf(pod), { gracePeriodSeconds: 0 });
  }

  // ---- node agent ---------------------------------------------------------------------------------------------------

  /** From nothing to a running guest. */
  async run(name: string): Promise<{ vmi: VirtualMachineInstance; pod: Pod }> {
    const pod = await this.startPod(name);
    const scheduled = await this.untilPhase(name, "Scheduled");
    await this.#writePhase(scheduled, "Running", [READY]);
    return { vmi: await this.untilPhase(name, "Running"), pod };
  }

  /** The guest has ended, the envelope was released. */
  async end(name: string, phase: "Succeeded" | "Failed"): Promise<void> {
    const vmi = await this.until(`VMI ${name}`, () => this.vmi(name));
    const pod = this.podOf(vmi);
    await this.#writePhase(vmi, phase, []);
    if (pod !== undefined) await this.patchPodStatus(pod, { phase });
  }

  async #writePhase(
    vmi: VirtualMachineInstance,
    phase: string,
    conditions: Record<string, unknown>[],
  ): Promise<void> {
    const next = enterPhase(vmi.status ?? {}, phase, new Date().toISOString());
    const { phaseTransitionTimestamps } = next;
    const status = { phase, phaseTransitionTimestamps, conditions };
    await this.client.patch(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), { status });
  }

  #describe(): string {
    const { namespace } = this.#subject;
    const { virtualMachines, virtualMachineInstances, launcherPods } = this.informers;
    const objects: (KubeObject & { status?: unknown })[] = [
      ...virtualMachines.list({ namespace }),
      ...virtualMachineInstances.list({ namespace }),
      ...launcherPods.list({ namespace }),
    ];
    return JSON.stringify(
      objects.map(({ kind, metadata: { name, deletionTimestamp }, status }) => ({
        kind,
        name,
        deletionTimestamp,
        status,
      })),
    );
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiters.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

const WRITES: readonly string[] = ["create", "update", "patch", "delete"];

interface Write {
  what: string;
  accepted: Promise<boolean>;
}

function countingWrites(client: KubeClient, writes: Write[]): KubeClient {
  return new Proxy(client, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const [resource, , body] = args as [{ plural?: string }, unknown, unknown];
        const verb = String(property);
        const answer: unknown = member.apply(target, args);
        if (WRITES.includes(verb)) {
          const told = verb === "patch" ? statusToldIn(body) : "";
          const accepted = Promise.resolve(answer).then(() => true, () => false);
          writes.push({ what: `${verb} ${resource?.plural} ${told}`.trimEnd(), accepted });
        }
        return answer;
      };
    },
  });
}

function statusToldIn(patch: unknown): string {
  const { status } = patch as { status?: { printableStatus?: string; phase?: string } };
  return status?.printableStatus ?? status?.phase ?? "";
}
