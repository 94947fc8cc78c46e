/**
 * A control plane with the product installed, one played node with the product's agent on it, a user, and what became of the
 * user's machines. The controllers are the test's to start: the installation's Service leads to the replicas it names.
 */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { AlreadyExistsError, type KubeClient } from "../../src/kube/client.ts";
import {
  LEASES,
  NAMESPACES,
  NODES,
  PODS,
  SERVICE_ACCOUNTS,
} from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject, ObjectKey } from "../../src/kube/object.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { StandInAgent } from "../bench/stand_in_agent.ts";
import { NODE, StandInKubelet } from "../bench/stand_in_kubelet.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { ControllerInstallation, type Way } from "../integration/controller_installation.ts";
import { ControllerReplica, type ReplicaOptions } from "./controller_replica.ts";
import { PatientClient, patiently } from "./patient_client.ts";
import { ReplicaService } from "./replica_service.ts";

const STEP_TIMEOUT_MS = 60_000;
const LOOK_MS = 20;
const GUEST = { domain: { memory: { guest: "64Mi" }, devices: { autoattachPodInterface: false } } };

export class ControlBed implements AsyncDisposable {
  readonly installation: ControllerInstallation;
  readonly namespace: string;
  readonly service: ReplicaService;
  readonly vms: Informer<VirtualMachine>;
  readonly vmis: Informer<VirtualMachineInstance>;
  readonly pods: Informer<Pod>;
  readonly #user: KubeClient;
  readonly #replicas = new Set<ControllerReplica>();
  readonly #disposals: AsyncDisposableStack;
  /** UIDs of all instances that had this name, and of all pods that an instance had. */
  readonly #instancesOf = new Map<string, Set<string>>();
  readonly #podsOf = new Map<string, Set<string>>();

  static async open(kubeconfig: string): Promise<ControlBed> {
    await using disposals = new AsyncDisposableStack();
    const installation = disposals.use(await ControllerInstallation.create(kubeconfig));
    const { admin } = installation;
    const namespace = `faults-${crypto.randomUUID().slice(0, 8)}`;
    await admin.create(NAMESPACES, { metadata: { name: namespace } });
    disposals.defer(async () => void await admin.delete(NAMESPACES, { name: namespace }));
    await createUnlessThere(admin, { metadata: { name: "default", namespace } });
    disposals.defer(async () => {
      await admin.delete(LEASES, { namespace: "kube-node-lease", name: NODE });
      await admin.delete(NODES, { name: NODE });
    });
    await StandInKubelet.register(admin);
    return new ControlBed({ installation, namespace, disposals: disposals.move() });
  }

  private constructor(
    parts: {
      installation: ControllerInstallation;
      namespace: string;
      disposals: AsyncDisposableStack;
    },
  ) {
    const { installation, namespace } = parts;
    this.installation = installation;
    this.namespace = namespace;
    this.#disposals = parts.disposals;
    const client = new PatientClient(installation.admin);
    this.#user = client;
    const shared = { client, logger: SILENT_LOGGER, namespace };
    this.vms = new Informer({ ...shared, resource: VIRTUAL_MACHINES });
    this.vmis = new Informer({ ...shared, resource: VIRTUAL_MACHINE_INSTANCES });
    this.pods = new Informer({ ...shared, resource: PODS });
    this.vmis.addHandler(({ new: vmi }) => note(this.#instancesOf, vmi?.metadata.name, vmi));
    this.pods.addHandler(({ new: pod }) =>
      note(this.#podsOf, pod?.metadata.ownerReferences?.[0]?.uid, pod)
    );
    const ready = () =>
      [...this.#replicas].filter(({ isReady }) => isReady).map(({ port }) => port);
    this.service = this.#disposals.use(new ReplicaService(installation.port, ready));
  }

  /** Plays the node and watches, until disposal. `agentWay`: of the agent to the API server. */
  async start({ agentWay = {} }: { agentWay?: Way } = {}): Promise<this> {
    const { installation } = this;
    const stop = new AbortController();
    const node = await installation.admin.get(NODES, { name: NODE });
    const bound = { name: NODE, uid: node?.metadata.uid ?? "" };
    const agentClient = this.#disposals.use(
      new FetchClient({
        connection: { ...await installation.connectionOf("denovirt-node", bound), ...agentWay },
        userAgent: "denovirt-node/0",
      }),
    );
    const kubelet = new StandInKubelet(this.#user);
    const agent = new StandInAgent(agentClient, kubelet);
    const parts = [kubelet, agent, this.vms, this.vmis, this.pods];
    const running = Promise.all(parts.map((part) => part.run(stop.signal)));
    // A failed part is told at the end; until then the test says what it waits for.
    running.catch(() => {});
    this.#disposals.defer(async () => {
      stop.abort();
      await running;
    });
    await Promise.all(
      [this.vms, this.vmis, this.pods].map((each) =>
        each.waitUntil(() => each.hasSynced, { timeoutMs: STEP_TIMEOUT_MS })
      ),
    );
    return this;
  }

  /** Starts a replica; it ends with the bed at the latest. */
  replica(options: ReplicaOptions): ControllerReplica {
    const replica = new ControllerReplica(options);
    this.#replicas.add(replica);
    this.#disposals.defer(() => replica[Symbol.asyncDispose]());
    return replica;
  }

  key(name: string): ObjectKey {
    return { namespace: this.namespace, name };
  }

  /** As `kubectl apply` of a new VM. */
  async apply(name: string): Promise<void> {
    const object = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { name, namespace: this.namespace },
      spec: { runStrategy: "Always", template: { spec: GUEST } },
    };
    try {
      await patiently(() => this.#user.create(VIRTUAL_MACHINES, object));
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error; // the answer to an earlier attempt was lost
    }
  }

  async setRunStrategy(name: string, runStrategy: string): Promise<void> {
    await this.#user.patch(VIRTUAL_MACHINES, this.key(name), { spec: { runStrategy } });
  }

  /** As somebody who deletes the instance of a VM that is to run always. @returns its UID */
  async deleteInstance(name: string): Promise<string> {
    const vmi = this.vmis.get(this.key(name));
    assert.ok(vmi);
    const preconditions = { uid: vmi.metadata.uid };
    await this.#user.delete(VIRTUAL_MACHINE_INSTANCES, this.key(name), { preconditions });
    return vmi.metadata.uid;
  }

  async delete(name: string): Promise<void> {
    await this.#user.delete(VIRTUAL_MACHINES, this.key(name));
  }

  /** Resolves when the VM and an instance other than `not` run, and both say so. */
  async untilRunning(name: string, { not }: { not?: string } = {}): Promise<void> {
    await this.#until(`${name} to run`, () => {
      const vmi = this.vmis.get(this.key(name));
      const vm = this.vms.get(this.key(name));
      return vmi?.status?.phase === "Running" && vmi.metadata.uid !== not &&
        vmi.metadata.deletionTimestamp === undefined && vm?.status?.printableStatus === "Running";
    });
  }

  async untilStopped(name: string): Promise<void> {
    await this.#until(
      `${name} to be stopped`,
      () =>
        this.vms.get(this.key(name))?.status?.printableStatus === "Stopped" &&
        this.vmis.get(this.key(name)) === undefined && this.podsNow(name).length === 0,
    );
  }

  async untilGone(name: string): Promise<void> {
    await this.#until(
      `${name} to be gone`,
      () =>
        this.vms.get(this.key(name)) === undefined &&
        this.vmis.get(this.key(name)) === undefined && this.podsNow(name).length === 0,
    );
  }

  podsNow(name: string): Pod[] {
    return this.pods.list().filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === name);
  }

  /** Resolves when the pods of earlier instances are gone: a collector that has just learnt of our kinds may take half a minute. */
  async untilCollected(name: string): Promise<void> {
    await this.#until(`the pods of earlier instances of ${name} to be collected`, () => {
      const uid = this.vmis.get(this.key(name))?.metadata.uid;
      return this.podsNow(name).every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid);
    });
  }

  /** How many instances of this name there ever were. */
  instancesEver(name: string): number {
    return this.#instancesOf.get(name)?.size ?? 0;
  }

  /** Asserts that no instance ever had two pods. */
  assertOnePodEach(): void {
    for (const [uid, pods] of this.#podsOf) {
      assert.equal(pods.size, 1, `instance ${uid} had ${pods.size} pods`);
    }
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    try {
      await waitUntil({
        what,
        timeoutMs: STEP_TIMEOUT_MS,
        intervalMs: LOOK_MS,
        look: () => Promise.resolve(condition()),
        until: (holds) => holds,
      });
    } catch (cause) {
      throw new Error(`${cause instanceof Error ? cause.message : cause}\n${this.#tell()}`);
    }
  }

  #tell(): string {
    const objects = [...this.vms.list(), ...this.vmis.list(), ...this.pods.list()].map((object) =>
      `${object.kind} ${object.metadata.name}: ${JSON.stringify(object.status)}`
    );
    const tails = [...this.#replicas].map((each) => `--- ${each.name}\n${each.tail()}`);
    return [...objects, ...tails].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposals[Symbol.asyncDispose]();
  }
}

function note(
  sets: Map<string, Set<string>>,
  key: string | undefined,
  object: KubeObject | undefined,
): void {
  if (key === undefined || object === undefined) return;
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(object.metadata.uid));
}

/** The controller manager makes it too. */
async function createUnlessThere(admin: KubeClient, object: unknown): Promise<void> {
  try {
    await admin.create(SERVICE_ACCOUNTS, object);
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
  }
}
