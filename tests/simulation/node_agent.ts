/** The agent of one machine, composed as in src/node.ts but for what talks to real hardware and real sockets. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import { APP_LABEL, Component, NODE_NAME_LABEL } from "../../src/api/labels.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import { keyOf, type ObjectKey } from "../../src/kube/object.ts";
import { adoptDomains } from "../../src/node/adopt.ts";
import { followDomainEvents } from "../../src/node/domain_events.ts";
import { Heartbeat } from "../../src/node/heartbeat.ts";
import { Orphans } from "../../src/node/orphans.ts";
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
import { Controller, type EventSink } from "../../src/runtime/controller.ts";
import { Informer } from "../../src/runtime/informer.ts";
import type { Logger } from "../../src/runtime/log.ts";
import { WriteThroughClient } from "../../src/runtime/write_through_client.ts";
import type { MachineHypervisor } from "./machine_hypervisor.ts";
import type { AgentReconciler, Mutation } from "./mutation.ts";
import type { ProcessClient } from "./process_client.ts";
import { METRICS } from "./silent_metrics.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

export interface NodeAgentParts {
  nodeName: string;
  process: SimulatedProcess;
  client: ProcessClient;
  hypervisor: MachineHypervisor;
  logger: Logger;
  events: EventSink;
  mutation?: Mutation | undefined;
}

const UID_INDEX = "uid";

/** Runs until its process is killed. Rejects only when something of the product does what it must not. */
export async function runNodeAgent(parts: NodeAgentParts): Promise<void> {
  const { nodeName, process, client, hypervisor, logger, events, mutation = {} } = parts;
  const { clock, signal } = process;
  const shared = { client, logger, clock, metrics: METRICS };
  const vmis = new Informer<VirtualMachineInstance>({
    ...shared,
    resource: VIRTUAL_MACHINE_INSTANCES,
    labelSelector: `${NODE_NAME_LABEL}=${nodeName}`,
    indexes: { [UID_INDEX]: (vmi) => [vmi.metadata.uid] },
  });
  const pods = new Informer<Pod>({
    ...shared,
    resource: PODS,
    labelSelector: `${APP_LABEL}=${Component.Launcher}`,
    fieldSelector: `spec.nodeName=${nodeName}`,
    indexes: { [CREATED_BY_INDEX]: createdBy },
  });
  const memory = new LaunchMemory();
  const facts = () => ({ emulationReason: "KVMNotAvailable" as const });
  const sockets = new PodSockets({ envelopes: hypervisor, kubeletRoot: "/kubelet" });
  const files = { read: () => Promise.resolve(undefined) };
  const launcher = new Launcher({ hypervisor, sockets, files, facts, runDirectory: "/run" });
  const enqueue = (key: ObjectKey): void => controller.enqueue(key);
  const asked = mutation.agentClient?.(client, [vmis, pods]) ?? client;
  const writer = new WriteThroughClient(asked, [vmis, pods]);
  const reconciler: AgentReconciler = new NodeVirtualMachineInstanceReconciler({
    client: writer,
    memory,
    observer: new Observer({
      client: asked,
      nodeName,
      vmis,
      pods,
      hypervisor,
      sockets,
      stops: new StopWatches({ sockets, lifetime: signal }),
      memory,
      clock,
      facts,
      enqueue,
    }),
    actor: new Actor({ client: writer, hypervisor, launcher, sockets, memory, clock }),
  });
  const controller = new Controller({
    reconciler: mutation.agent?.(reconciler) ?? reconciler,
    logger,
    events,
    clock,
    metrics: METRICS,
  });
  const keyOfUid = (uid: string): ObjectKey | undefined => {
    const [vmi] = vmis.byIndex(UID_INDEX, uid);
    return vmi === undefined ? undefined : keyOf(vmi);
  };
  controller.watch(vmis, (vmi) => [keyOf(vmi)]);
  controller.watch(pods, (pod) => createdBy(pod).flatMap((uid) => keyOfUid(uid) ?? []));
  const fence = { client, hypervisor, nodeName, log: logger, events };
  const orphans = new Orphans({
    ...fence,
    clock,
    known: () => {
      const uids = new Set(vmis.list().map(({ metadata }) => metadata.uid));
      if (vmis.hasSynced) memory.keepOnly(uids);
      return uids;
    },
  });
  const heartbeat = new Heartbeat({
    client,
    nodeName,
    clock,
    log: logger,
    events,
    missing: () => Promise.resolve([]),
  });
  orphans.follow(vmis, signal);
  await adoptDomains({ ...fence, clock }, signal);
  await Promise.all([
    vmis.run(signal),
    pods.run(signal),
    controller.run(signal),
    followDomainEvents({
      hypervisor,
      keyOf: keyOfUid,
      enqueue,
      clock,
      log: logger,
    }, signal),
    orphans.run(signal),
    heartbeat.run(signal),
  ]);
}
