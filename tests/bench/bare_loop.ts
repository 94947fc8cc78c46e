/**
 * The reference: a loop that makes only the writes without which no VM could live, from watches, one after the other:
 *
 *   VM created -> create VMI -> create pod -> (pod runs) VMI Running -> VM Running
 *   VM deleted -> delete VMI -> VMI finalizer -> VM finalizer
 *
 * No webhooks, no defaults, no events, no conditions, no ownership; nothing of it would survive a fault.
 */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import { isObjectNotFound } from "../../src/kube/kube_error.ts";
import { keyOf, type KubeObject } from "../../src/kube/object.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { controllerReference } from "../../src/resources/owner_reference.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { NAMESPACE } from "./load.ts";

const CONTAINER = { name: "compute", image: "bare" };

/** Writes per VM life. */
export const BARE_WRITES = 7;

export class BareLoop {
  readonly #client: KubeClient;
  readonly #informers: { run(signal: AbortSignal): Promise<void> }[];
  readonly #done = new Set<string>();
  #failure: unknown;

  constructor(client: KubeClient) {
    this.#client = client;
    const shared = { client, logger: SILENT_LOGGER, namespace: NAMESPACE };
    const vms = new Informer<VirtualMachine>({ ...shared, resource: VIRTUAL_MACHINES });
    const vmis = new Informer<VirtualMachineInstance>({
      ...shared,
      resource: VIRTUAL_MACHINE_INSTANCES,
    });
    const pods = new Informer<Pod>({ ...shared, resource: PODS });
    vms.addHandler(({ new: vm }) => {
      if (vm === undefined) return;
      if (vm.metadata.deletionTimestamp) {
        this.#once(`stop ${vm.metadata.uid}`, () => this.#stop(vm));
      } else this.#once(`start ${vm.metadata.uid}`, () => this.#start(vm));
    });
    pods.addHandler(({ new: pod }) => {
      if (pod?.status?.phase !== "Running") return;
      this.#once(`run ${pod.metadata.uid}`, () => this.#run(pod));
    });
    this.#informers = [vms, vmis, pods];
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(signal)));
    if (this.#failure !== undefined) throw this.#failure;
  }

  #once(what: string, work: () => Promise<void>): void {
    if (this.#done.has(what)) return;
    this.#done.add(what);
    work().catch((error) => {
      if (!isObjectNotFound(error)) this.#failure ??= error;
    });
  }

  async #start(vm: VirtualMachine): Promise<void> {
    const { name } = vm.metadata;
    const options = { namespace: NAMESPACE };
    const vmi = await this.#client.create<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, {
      apiVersion: vm.apiVersion,
      kind: "VirtualMachineInstance",
      metadata: { name, ownerReferences: [controllerReference(vm)], finalizers: ["bench/bare"] },
      spec: vm.spec.template.spec,
    }, options);
    await this.#client.create<Pod>(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, ownerReferences: [controllerReference(vmi)] },
      spec: { containers: [CONTAINER], nodeSelector: { "kubevirt.io/schedulable": "true" } },
    }, options);
  }

  async #run(pod: Pod): Promise<void> {
    const key = keyOf(pod);
    const running = { status: { phase: "Running" } };
    await this.#client.patch(VIRTUAL_MACHINE_INSTANCES, key, running);
    const body = { status: { printableStatus: "Running", created: true, ready: true } };
    await this.#client.patch(VIRTUAL_MACHINES, key, body, { subresource: "status" });
  }

  async #stop(vm: VirtualMachine): Promise<void> {
    const release = { metadata: { finalizers: null } };
    await this.#client.delete(VIRTUAL_MACHINE_INSTANCES, keyOf(vm));
    await this.#patchFinalizers(VIRTUAL_MACHINE_INSTANCES, vm, release);
    await this.#patchFinalizers(VIRTUAL_MACHINES, vm, release);
  }

  async #patchFinalizers(
    resource: typeof VIRTUAL_MACHINES,
    object: KubeObject,
    release: unknown,
  ): Promise<void> {
    await this.#client.patch(resource, keyOf(object), release);
  }
}
