/** Users: VMs and VMIs are created and deleted at a pace, whatever comes of it, and watched as `kubectl get -w` would. */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine, VirtualMachineSpec } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { AlreadyExistsError, type KubeClient, KubeError } from "../../src/kube/client.ts";
import { NAMESPACES } from "../../src/kube/core_resources.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { step } from "../toolchain/progress.ts";

export const NAMESPACE = "bench";
const GUEST = { domain: { memory: { guest: "64Mi" }, devices: { autoattachPodInterface: false } } };
/** Beyond the time that the pace takes: of the last ones, and more for each that a busy machine is behind. */
const SETTLE_TIMEOUT_MS = { all: 120_000, each: 500 };
const ATTEMPTS_MAX = 5;

/** What is created, and how it is called. */
export interface Batch {
  kind: "VirtualMachine" | "VirtualMachineInstance";
  prefix: string;
  count: number;
  perSecond: number;
  /** Of each VM. @default one that runs always, without instancetype and preference */
  specOf?: (index: number) => VirtualMachineSpec;
}

/** From the request to create to the watch that tells, in milliseconds. */
export interface Latencies {
  vmiRunning: number[];
  vmRunning: number[];
}

export class Load {
  readonly #client: KubeClient;
  readonly #finalizers: readonly string[];
  readonly #vms: Informer<VirtualMachine>;
  readonly #vmis: Informer<VirtualMachineInstance>;
  readonly #runningAtMs = new Map<string, number>();

  /** `finalizers`: of each VM, where no webhook puts one on. */
  constructor(client: KubeClient, { finalizers = [] }: { finalizers?: readonly string[] } = {}) {
    this.#client = client;
    this.#finalizers = finalizers;
    const shared = { client, logger: SILENT_LOGGER, namespace: NAMESPACE };
    this.#vms = new Informer({ ...shared, resource: VIRTUAL_MACHINES });
    this.#vmis = new Informer({ ...shared, resource: VIRTUAL_MACHINE_INSTANCES });
    this.#vms.addHandler(({ new: vm }) => {
      if (vm?.status?.printableStatus === "Running") this.#saw(`vm/${vm.metadata.name}`);
    });
    this.#vmis.addHandler(({ new: vmi }) => {
      if (vmi?.status?.phase === "Running") this.#saw(`vmi/${vmi.metadata.name}`);
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#vms.run(signal), this.#vmis.run(signal)]);
  }

  static async createNamespace(client: KubeClient): Promise<void> {
    await client.create(NAMESPACES, { metadata: { name: NAMESPACE } });
  }

  /** Creates at the pace, waits until all run. */
  async create(batch: Batch): Promise<Latencies> {
    const startedAtMs = new Map<string, number>();
    await step(`creating ${what(batch)}`, async () => {
      await this.#paced(batch, async (name, index) => {
        startedAtMs.set(name, performance.now());
        await patiently(() => this.#createOne(batch, name, index));
      });
      const names = namesOf(batch);
      await this.#informer(batch).waitUntil(
        () => names.every((name) => this.#runs(batch, name)),
        { timeoutMs: settleTimeoutMs(batch) },
      );
    });
    const since = (prefix: string) =>
      [...startedAtMs].flatMap(([name, atMs]) => {
        const seenAtMs = this.#runningAtMs.get(`${prefix}/${name}`);
        return seenAtMs === undefined ? [] : [seenAtMs - atMs];
      });
    return { vmiRunning: since("vmi"), vmRunning: since("vm") };
  }

  /** Deletes at the pace, waits until all are gone. */
  async delete(batch: Batch): Promise<void> {
    const isVm = batch.kind === "VirtualMachine";
    const resource = isVm ? VIRTUAL_MACHINES : VIRTUAL_MACHINE_INSTANCES;
    await step(`deleting ${what(batch)}`, async () => {
      await this.#paced(batch, async (name) => {
        await patiently(() => this.#client.delete(resource, { namespace: NAMESPACE, name }));
      });
      const gone = (name: string) =>
        this.#informer(batch).get({ namespace: NAMESPACE, name }) === undefined;
      const names = namesOf(batch);
      await this.#informer(batch).waitUntil(() => names.every(gone), {
        timeoutMs: settleTimeoutMs(batch),
      });
    });
  }

  #informer({ kind }: Batch): Pick<Informer<VirtualMachine>, "waitUntil"> & {
    get(key: { namespace: string; name: string }): unknown;
  } {
    return kind === "VirtualMachine" ? this.#vms : this.#vmis;
  }

  #runs({ kind }: Batch, name: string): boolean {
    return this.#runningAtMs.has(`${kind === "VirtualMachine" ? "vm" : "vmi"}/${name}`);
  }

  #saw(key: string): void {
    if (!this.#runningAtMs.has(key)) this.#runningAtMs.set(key, performance.now());
  }

  async #createOne({ kind, specOf }: Batch, name: string, index: number): Promise<void> {
    const options = { namespace: NAMESPACE };
    const apiVersion = "kubevirt.io/v1";
    const metadata = { name, finalizers: this.#finalizers };
    if (kind === "VirtualMachineInstance") {
      const object = { apiVersion, kind, metadata, spec: GUEST };
      await this.#client.create(VIRTUAL_MACHINE_INSTANCES, object, options);
      return;
    }
    const spec = specOf?.(index) ?? { runStrategy: "Always", template: { spec: GUEST } };
    await this.#client.create(VIRTUAL_MACHINES, { apiVersion, kind, metadata, spec }, options);
  }

  /** Open loop: the next one does not wait for the one before. */
  async #paced(batch: Batch, work: (name: string, index: number) => Promise<void>): Promise<void> {
    const startMs = performance.now();
    const all = namesOf(batch).map(async (name, index) => {
      const waitMs = startMs + index * 1_000 / batch.perSecond - performance.now();
      await new Promise((done) => setTimeout(done, Math.max(0, waitMs)));
      await work(name, index);
    });
    await Promise.all(all);
  }
}

function settleTimeoutMs({ count }: Batch): number {
  return SETTLE_TIMEOUT_MS.all + count * SETTLE_TIMEOUT_MS.each;
}

/** As people do: when the server has no time, it is asked again. The wait counts as the product's. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      const isBusy = error instanceof KubeError && error.retriable;
      if (error instanceof AlreadyExistsError) return; // the answer to an earlier attempt was lost
      if (!isBusy || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

function namesOf({ prefix, count }: Batch): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

function what({ count, kind, perSecond }: Batch): string {
  return `${count} ${kind}s, ${perSecond}/s`;
}
