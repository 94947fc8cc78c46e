/** The product's node agent, with guests that are entries in a map: what it writes is what the product writes. */
import { APP_LABEL, Component, NODE_NAME_LABEL } from "../../src/api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { Envelopes } from "../../src/hypervisor/envelope.ts";
import { FakeHypervisor } from "../../src/hypervisor/fake/fake_hypervisor.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import { keyOf, type ObjectKey } from "../../src/kube/object.ts";
import { followDomainEvents } from "../../src/node/domain_events.ts";
import { Actor } from "../../src/node/virtual_machine_instance/act.ts";
import { Launcher } from "../../src/node/virtual_machine_instance/launch.ts";
import { LaunchMemory } from "../../src/node/virtual_machine_instance/launch_memory.ts";
import {
  CREATED_BY_INDEX,
  createdBy,
  Observer,
} from "../../src/node/virtual_machine_instance/observe.ts";
import { PodSockets } from "../../src/node/virtual_machine_instance/pod_sockets.ts";
import { NodeVirtualMachineInstanceReconciler } from "../../src/node/virtual_machine_instance/reconciler.ts";
import { StopWatches } from "../../src/node/virtual_machine_instance/stop_watches.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { SYSTEM_CLOCK } from "../../src/runtime/clock.ts";
import { Controller } from "../../src/runtime/controller.ts";
import { EventRecorder } from "../../src/runtime/event_recorder.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { type Logger, SILENT_LOGGER } from "../../src/runtime/log.ts";
import { NODE } from "./stand_in_kubelet.ts";

const UID_INDEX = "uid";

/** How long guests take. */
export interface GuestTimes {
  startMs: number;
  stopMs: number;
}

/** Which node it plays, and where it logs. */
export interface AgentOptions {
  node?: string;
  logger?: Logger;
}

/** Guests that obey their power button after a while. */
class ObedientHypervisor extends FakeHypervisor {
  times: GuestTimes = { startMs: 0, stopMs: 0 };

  override async launch(...args: Parameters<FakeHypervisor["launch"]>): Promise<void> {
    if (this.times.startMs > 0) await new Promise((done) => setTimeout(done, this.times.startMs));
    await super.launch(...args);
  }

  override async shutdown(uid: string, signal?: AbortSignal): Promise<void> {
    await super.shutdown(uid, signal);
    setTimeout(() => this.end(uid, "shutdown"), this.times.stopMs);
  }
}

export class StandInAgent {
  readonly #hypervisor = new ObedientHypervisor();
  readonly #vmis: Informer<VirtualMachineInstance>;
  readonly #pods: Informer<Pod>;
  readonly #events: EventRecorder;
  readonly #end = new AbortController();
  readonly #controller: { enqueue(key: ObjectKey): void; run(signal: AbortSignal): Promise<void> };

  constructor(
    client: KubeClient,
    envelopes: Envelopes,
    { node = NODE, logger = SILENT_LOGGER }: AgentOptions = {},
  ) {
    const clock = SYSTEM_CLOCK;
    const hypervisor = this.#hypervisor;
    const shared = { client, logger };
    const vmis = this.#vmis = new Informer<VirtualMachineInstance>({
      ...shared,
      resource: VIRTUAL_MACHINE_INSTANCES,
      labelSelector: `${NODE_NAME_LABEL}=${node}`,
      indexes: { [UID_INDEX]: (vmi) => [vmi.metadata.uid] },
    });
    const pods = this.#pods = new Informer<Pod>({
      ...shared,
      resource: PODS,
      labelSelector: `${APP_LABEL}=${Component.Launcher}`,
      fieldSelector: `spec.nodeName=${node}`,
      indexes: { [CREATED_BY_INDEX]: createdBy },
    });
    this.#events = new EventRecorder({ ...shared, component: "virt-handler", instance: node });
    const memory = new LaunchMemory();
    const sockets = new PodSockets({ envelopes, kubeletRoot: "/nonexistent" });
    const stops = new StopWatches({ sockets, lifetime: this.#end.signal });
    const enqueue = (key: ObjectKey): void => controller.enqueue(key);
    const facts = () => ({});
    const files = { read: () => Promise.resolve(undefined) };
    const runDirectory = "/nonexistent";
    const launcher = new Launcher({ hypervisor, sockets, files, facts, runDirectory });
    const look = { client, nodeName: node, hypervisor, sockets, memory, clock, facts };
    const controller = this.#controller = new Controller({
      ...shared,
      events: this.#events,
      // A guest that takes its time occupies a worker.
      workers: 100,
      reconciler: new NodeVirtualMachineInstanceReconciler({
        client,
        memory,
        observer: new Observer({ ...look, vmis, pods, stops, enqueue }),
        actor: new Actor({ client, hypervisor, launcher, sockets, memory, clock }),
      }),
    });
    controller.watch(vmis, (vmi) => [keyOf(vmi)]);
    controller.watch(pods, (pod) => createdBy(pod).flatMap((uid) => this.#keyOf(uid) ?? []));
  }

  guestTimes(times: GuestTimes): void {
    this.#hypervisor.times = times;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#vmis.run(signal),
      this.#pods.run(signal),
      this.#events.run(signal),
      this.#controller.run(signal),
      followDomainEvents({
        hypervisor: this.#hypervisor,
        keyOf: (uid) => this.#keyOf(uid),
        enqueue: (key) => this.#controller.enqueue(key),
        clock: SYSTEM_CLOCK,
        log: SILENT_LOGGER,
      }, signal),
    ]);
    this.#end.abort();
    await this.#hypervisor[Symbol.asyncDispose]();
  }

  #keyOf(uid: string): ObjectKey | undefined {
    const [vmi] = this.#vmis.byIndex(UID_INDEX, uid);
    return vmi && keyOf(vmi);
  }
}
