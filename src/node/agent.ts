/** The agent: everything of it that lives as long as it does, wired together. */
import { KUBEVIRTS, VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { KubeVirt } from "../api/kubevirt.ts";
import { APP_LABEL, Component, NODE_NAME_LABEL } from "../api/labels.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { LibvirtHypervisor } from "../hypervisor/libvirt/libvirt_hypervisor.ts";
import type { NativeLibrary } from "../hypervisor/native/native.ts";
import { NativeEnvelopes } from "../hypervisor/native/native_envelopes.ts";
import { NODES, PODS } from "../kube/core_resources.ts";
import type { FetchClient } from "../kube/fetch_client.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import type { Node, Pod } from "../resources/core_objects.ts";
import {
  type ClusterConfiguration,
  effectiveConfiguration,
  primaryKubeVirt,
} from "../resources/kubevirt/configuration.ts";
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import { Controller } from "../runtime/controller.ts";
import { EventRecorder } from "../runtime/event_recorder.ts";
import { Informer } from "../runtime/informer.ts";
import type { Logger } from "../runtime/log.ts";
import { MetricsRegistry } from "../runtime/metrics.ts";
import type { UnverifiableCallers } from "../runtime/unverifiable_callers.ts";
import { WriteThroughClient } from "../runtime/write_through_client.ts";
import { adoptDomains } from "./adopt.ts";
import { ConsoleSessions } from "./console_sessions.ts";
import { guestDevices, whyNoKvm } from "./device_plugins/node_device.ts";
import { followDomainEvents } from "./domain_events.ts";
import { emulationReason } from "./emulation.ts";
import type { FenceOptions } from "./fence.ts";
import { findFirmware } from "./firmware.ts";
import { giveBackMemory } from "./give_back_memory.ts";
import { Heartbeat } from "./heartbeat.ts";
import { NodeLabeller } from "./labels/node_labeller.ts";
import { probeCapabilities } from "./labels/probe_capabilities.ts";
import { NativePodFiles } from "./native_pod_files.ts";
import type { NodeFacts } from "./node_facts.ts";
import { Orphans } from "./orphans.ts";
import { missingRequirements } from "./requirements.ts";
import { NodeServer } from "./server.ts";
import { Actor } from "./virtual_machine_instance/act.ts";
import { Launcher } from "./virtual_machine_instance/launch.ts";
import { LaunchMemory } from "./virtual_machine_instance/launch_memory.ts";
import { CREATED_BY_INDEX, createdBy, Observer } from "./virtual_machine_instance/observe.ts";
import { PodSockets } from "./virtual_machine_instance/pod_sockets.ts";
import { NodeVirtualMachineInstanceReconciler } from "./virtual_machine_instance/reconciler.ts";
import { StopWatches } from "./virtual_machine_instance/stop_watches.ts";

const UID_INDEX = "uid";
const COMPONENT = "virt-handler";

/** How a control plane elsewhere, and a kubelet, are served. */
export interface ClusterService {
  port: number;
  /** @default the Node object's InternalIP */
  nodeIp?: string | undefined;
  unverifiableCallers: UnverifiableCallers;
}

export interface AgentConfig {
  nodeName: string;
  /** Of the installation. */
  namespace: string;
  kubeletRoot: string;
  runDirectory: string;
}

export interface AgentParts {
  config: AgentConfig;
  log: Logger;
  client: FetchClient;
  native: NativeLibrary;
  hypervisor: LibvirtHypervisor;
  /** Absent where the control plane is in the same process, which calls {@link Agent.server}. */
  cluster?: ClusterService;
}

export class Agent {
  readonly #parts: AgentParts;
  readonly #clock = SYSTEM_CLOCK;
  readonly #metrics = new MetricsRegistry();
  readonly #vmis: Informer<VirtualMachineInstance>;
  readonly #pods: Informer<Pod>;
  readonly #kubevirts: Informer<KubeVirt & KubeObject>;
  readonly #memory = new LaunchMemory();
  readonly #events: EventRecorder;
  /** What a control plane asks of guests. */
  readonly server: NodeServer;
  #enqueue: (key: ObjectKey) => void = () => {};

  constructor(parts: AgentParts) {
    this.#parts = parts;
    const { client, config: { nodeName, namespace }, log } = parts;
    const shared = { client, logger: log, clock: this.#clock, metrics: this.#metrics };
    this.#vmis = new Informer({
      ...shared,
      resource: VIRTUAL_MACHINE_INSTANCES,
      labelSelector: `${NODE_NAME_LABEL}=${nodeName}`,
      indexes: { [UID_INDEX]: (vmi) => [vmi.metadata.uid] },
    });
    this.#pods = new Informer({
      ...shared,
      resource: PODS,
      labelSelector: `${APP_LABEL}=${Component.Launcher}`,
      fieldSelector: `spec.nodeName=${nodeName}`,
      indexes: { [CREATED_BY_INDEX]: createdBy },
    });
    this.#kubevirts = new Informer({ ...shared, resource: KUBEVIRTS, namespace });
    this.#events = new EventRecorder({
      client,
      component: COMPONENT,
      instance: nodeName,
      logger: log,
      clock: this.#clock,
      metrics: this.#metrics,
    });
    this.server = this.#nodeServer();
  }

  /** Until the signal aborts. Guests are found and looked at before anything is written about them. */
  async run(signal: AbortSignal): Promise<void> {
    const { hypervisor, log } = this.#parts;
    const facts = await this.#nodeFacts();
    await adoptDomains({ ...this.#fence(), clock: this.#clock }, signal);
    const controller = this.#controller(facts, signal);
    const enqueue = (key: ObjectKey) => controller.enqueue(key);
    this.#enqueue = enqueue;
    await Promise.all([
      ...[this.#vmis, this.#pods, this.#kubevirts].map((informer) => informer.run(signal)),
      this.#events.run(signal),
      controller.run(signal),
      followDomainEvents({
        hypervisor,
        keyOf: (uid) => this.#keyOf(uid),
        enqueue,
        clock: this.#clock,
        log,
      }, signal),
      this.#orphans(signal).run(signal),
      this.#heartbeat().run(signal),
      this.#labelNode(facts, signal),
      giveBackMemory({ native: this.#parts.native, clock: this.#clock }, signal),
      ...this.#serveCluster(signal),
    ]);
  }

  #configuration(): ClusterConfiguration {
    return effectiveConfiguration(primaryKubeVirt(this.#kubevirts.list()));
  }

  async #nodeFacts(): Promise<() => NodeFacts> {
    const { log, native } = this.#parts;
    const [kvm, firmware] = await Promise.all([native.probeKvm(), findFirmware()]);
    log.info("probed the node", { kvm, efi: firmware.efi !== undefined });
    return () => {
      const configuration = this.#configuration();
      const reason = emulationReason({ kvmUsable: kvm.usable, configuration });
      return { ...firmware, ...(reason === undefined ? {} : { emulationReason: reason }) };
    };
  }

  #controller(facts: () => NodeFacts, lifetime: AbortSignal) {
    const { config, hypervisor, log, native } = this.#parts;
    const client = new WriteThroughClient(this.#parts.client, [this.#vmis, this.#pods]);
    const { kubeletRoot, nodeName, runDirectory } = config;
    const memory = this.#memory;
    const clock = this.#clock;
    const sockets = new PodSockets({ envelopes: new NativeEnvelopes(native), kubeletRoot });
    const files = new NativePodFiles(native);
    const launcher = new Launcher({ hypervisor, sockets, files, facts, runDirectory });
    const stops = new StopWatches({ sockets, lifetime });
    const enqueue = (key: ObjectKey) => this.#enqueue(key);
    const seen = { client, nodeName, vmis: this.#vmis, pods: this.#pods, hypervisor };
    const observed = { ...seen, sockets, stops, enqueue };
    const reconciler = new NodeVirtualMachineInstanceReconciler({
      client,
      memory,
      observer: new Observer({ ...observed, memory, clock, facts }),
      actor: new Actor({ client, hypervisor, launcher, sockets, memory, clock }),
    });
    const controller = new Controller({
      reconciler,
      logger: log,
      events: this.#events,
      clock,
      metrics: this.#metrics,
    });
    controller.watch(this.#vmis, (vmi) => [keyOfVmi(vmi)]);
    controller.watch(this.#pods, (pod) => createdBy(pod).flatMap((uid) => this.#keyOf(uid) ?? []));
    // Not to decide by: but a first guest should not start before it is known how.
    controller.watch(this.#kubevirts, () => []);
    return controller;
  }

  #fence(): FenceOptions {
    const { client, config: { nodeName }, hypervisor, log } = this.#parts;
    return { client, hypervisor, nodeName, log, events: this.#events };
  }

  #orphans(signal: AbortSignal): Orphans {
    const orphans = new Orphans({
      ...this.#fence(),
      clock: this.#clock,
      known: () => {
        const uids = new Set(this.#vmis.list().map(({ metadata }) => metadata.uid));
        if (this.#vmis.hasSynced) this.#memory.keepOnly(uids);
        return uids;
      },
    });
    orphans.follow(this.#vmis, signal);
    return orphans;
  }

  #heartbeat(): Heartbeat {
    const { client, config: { nodeName }, log } = this.#parts;
    return new Heartbeat({
      client,
      nodeName,
      clock: this.#clock,
      log,
      events: this.#events,
      missing: missingRequirements,
    });
  }

  /** What these two need (gRPC, X.509) takes as long to load as all the rest, and guests are adopted without it. */
  #serveCluster(signal: AbortSignal): Promise<void>[] {
    const { cluster } = this.#parts;
    return cluster === undefined ? [] : [this.#offerDevices(signal), this.#serve(cluster, signal)];
  }

  async #offerDevices(signal: AbortSignal): Promise<void> {
    const { config: { kubeletRoot }, log, native } = this.#parts;
    const { runDevicePlugins } = await import("./device_plugins/device_plugins.ts");
    await runDevicePlugins({
      devices: guestDevices({ proveKvm: () => whyNoKvm(native) }),
      directory: `${kubeletRoot}/device-plugins`,
      clock: this.#clock,
      log,
    }, signal);
  }

  async #labelNode(facts: () => NodeFacts, signal: AbortSignal): Promise<void> {
    const { client, config: { nodeName, runDirectory }, log, native } = this.#parts;
    const labeller = new NodeLabeller({
      client,
      nodeName,
      clock: this.#clock,
      log,
      capabilities: (signal) =>
        probeCapabilities({
          nativeDirectory: native.directory,
          runDirectory,
          capabilitiesDirectory: `${runDirectory}/capabilities`,
          // Labels promise what a guest that starts now would get.
          type: facts().emulationReason === undefined ? "kvm" : "qemu",
          signal,
        }),
      obsoleteCpuModels: () => this.#configuration().obsoleteCpuModels,
    });
    try {
      await this.#kubevirts.waitForSync(signal);
    } catch {
      return; // stopped before anything was known
    }
    this.#kubevirts.addHandler((change) => {
      if (change.old?.metadata.generation !== change.new?.metadata.generation) labeller.wake();
    });
    await labeller.run(signal);
  }

  #nodeServer(): NodeServer {
    const { hypervisor, log } = this.#parts;
    const consoles = new ConsoleSessions({
      open: (uid, signal) => hypervisor.openConsole(uid, signal),
      clock: this.#clock,
    });
    const find = (key: ObjectKey) => this.#vmis.get(key);
    return new NodeServer({
      hypervisor,
      consoles,
      find,
      isInformed: () => this.#vmis.hasSynced,
      enqueue: (key) => this.#enqueue(key),
      log,
    });
  }

  async #serve(cluster: ClusterService, signal: AbortSignal): Promise<void> {
    const { client, config: { namespace, nodeName }, log } = this.#parts;
    const { port, unverifiableCallers } = cluster;
    const nodeIp = cluster.nodeIp ?? await internalIp(client, { nodeName, signal });
    const reached = { nodeName, nodeIp, port, namespace };
    const server = this.server;
    const { serve } = await import("./serve.ts");
    await serve(
      { client, clock: this.#clock, log, server, unverifiableCallers, ...reached },
      signal,
    );
  }

  #keyOf(uid: string): ObjectKey | undefined {
    const [vmi] = this.#vmis.byIndex(UID_INDEX, uid);
    return vmi === undefined ? undefined : keyOfVmi(vmi);
  }
}

function keyOfVmi({ metadata }: VirtualMachineInstance): ObjectKey {
  return { namespace: metadata.namespace ?? "default", name: metadata.name };
}

async function internalIp(
  client: FetchClient,
  { nodeName, signal }: { nodeName: string; signal: AbortSignal },
): Promise<string> {
  const node = await client.get<Node>(NODES, { name: nodeName }, { signal });
  const address = node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  if (address !== undefined) return address;
  throw new Error(`Cannot serve: node ${nodeName} has no InternalIP: give --node-ip`);
}
