/**
 * denovirt-node: the agent of one Kubernetes node. It constructs everything and starts it; nothing else reads flags or the
 * environment.
 *
 * Its identity (ServiceAccount kubevirt/denovirt-node with a token that is bound to its node, or the kubelet's own) needs
 * these rules, which deploy/node_policy.yaml narrows to its own node's objects:
 *
 *   kubevirt.io             virtualmachineinstances      get, list, watch, patch
 *   kubevirt.io             kubevirts                    get, list, watch
 *   ""                      pods                         get, list, watch
 *   ""                      pods/status                  patch
 *   ""                      nodes                        get, patch
 *   ""                      events                       create, patch
 *   certificates.k8s.io     certificatesigningrequests   create, get
 *   ""                      configmaps (kubevirt-ca)     get, in the installation's namespace
 *
 * It runs as root in the node's PID and network namespaces and sees the kubelet's directory (pods and device-plugins) and
 * /dev as the node does.
 * Debian packages: qemu-system-x86, qemu-utils, libvirt0, libvirt-daemon-driver-qemu, iproute2, nftables, util-linux,
 * xorriso or genisoimage; ovmf for UEFI guests.
 */
import { KUBEVIRTS, VIRTUAL_MACHINE_INSTANCES } from "./api/registry.ts";
import type { KubeVirt } from "./api/kubevirt.ts";
import { APP_LABEL, Component, NODE_NAME_LABEL } from "./api/labels.ts";
import type { VirtualMachineInstance } from "./api/virtual_machine_instance.ts";
import denoConfig from "../deno.json" with { type: "json" };
import { LibvirtHypervisor } from "./hypervisor/libvirt/libvirt_hypervisor.ts";
import { NativeLibrary } from "./hypervisor/native/native.ts";
import { NativeEnvelopes } from "./hypervisor/native/native_envelopes.ts";
import { UnpackedParts } from "./hypervisor/native/unpack.ts";
import { inClusterConnection, kubeconfigConnection } from "./kube/connection.ts";
import { NODES, PODS } from "./kube/core_resources.ts";
import { FetchClient } from "./kube/fetch_client.ts";
import type { KubeObject, ObjectKey } from "./kube/object.ts";
import { adoptDomains } from "./node/adopt.ts";
import {
  type Directories,
  type DoctorConfig,
  type NodeConfig,
  runCommandLine,
} from "./node/config.ts";
import { ConsoleSessions } from "./node/console_sessions.ts";
import { runDevicePlugins } from "./node/device_plugins/device_plugins.ts";
import { guestDevices } from "./node/device_plugins/node_device.ts";
import { followDomainEvents } from "./node/domain_events.ts";
import { emulationReason } from "./node/emulation.ts";
import type { FenceOptions } from "./node/fence.ts";
import { findFirmware } from "./node/firmware.ts";
import { Heartbeat } from "./node/heartbeat.ts";
import { NodeLabeller } from "./node/labels/node_labeller.ts";
import { probeCapabilities } from "./node/labels/probe_capabilities.ts";
import { NativePodFiles } from "./node/native_pod_files.ts";
import type { NodeFacts } from "./node/node_facts.ts";
import { Orphans } from "./node/orphans.ts";
import { missingRequirements } from "./node/requirements.ts";
import { serve } from "./node/serve.ts";
import { NodeServer } from "./node/server.ts";
import { Actor } from "./node/virtual_machine_instance/act.ts";
import { Launcher } from "./node/virtual_machine_instance/launch.ts";
import { LaunchMemory } from "./node/virtual_machine_instance/launch_memory.ts";
import { CREATED_BY_INDEX, createdBy, Observer } from "./node/virtual_machine_instance/observe.ts";
import { PodSockets } from "./node/virtual_machine_instance/pod_sockets.ts";
import { NodeVirtualMachineInstanceReconciler } from "./node/virtual_machine_instance/reconciler.ts";
import type { Node, Pod } from "./resources/core_objects.ts";
import {
  type ClusterConfiguration,
  effectiveConfiguration,
  primaryKubeVirt,
} from "./resources/kubevirt/configuration.ts";
import { SYSTEM_CLOCK } from "./runtime/clock.ts";
import { Controller } from "./runtime/controller.ts";
import { EventRecorder } from "./runtime/event_recorder.ts";
import { Informer } from "./runtime/informer.ts";
import { JsonLogger, type Logger } from "./runtime/log.ts";
import { MetricsRegistry } from "./runtime/metrics.ts";
import { WriteThroughClient } from "./runtime/write_through_client.ts";
import { runDoctor } from "./standalone/doctor/doctor.ts";

const UID_INDEX = "uid";
const COMPONENT = "virt-handler";
/** Survives a restart of the node. Where /run is mounted noexec, the native parts of a compiled program go here. */
const STATE_DIRECTORY = "/var/lib/denovirt";

/** Everything that lives as long as the agent. */
async function runAgent(config: NodeConfig): Promise<void> {
  const log = new JsonLogger({ level: config.logLevel }).with({ node: config.nodeName });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      log.info("stopping: guests go on", { signal });
      stop.abort(new Error(`got ${signal}`));
    });
  }
  using client = new FetchClient({
    connection: await connectionOf(config),
    userAgent: `denovirt-node/${denoConfig.version}`,
  });
  using parts = await ownNativeParts(config);
  using native = NativeLibrary.load(parts.directory);
  await using hypervisor = new LibvirtHypervisor({ native, runDirectory: config.runDirectory });
  await new Agent({ config, log, client, native, hypervisor }).run(stop.signal);
  log.info("stopped");
}

interface AgentParts {
  config: NodeConfig;
  log: Logger;
  client: FetchClient;
  native: NativeLibrary;
  hypervisor: LibvirtHypervisor;
}

class Agent {
  readonly #parts: AgentParts;
  readonly #clock = SYSTEM_CLOCK;
  readonly #metrics = new MetricsRegistry();
  readonly #vmis: Informer<VirtualMachineInstance>;
  readonly #pods: Informer<Pod>;
  readonly #kubevirts: Informer<KubeVirt & KubeObject>;
  readonly #memory = new LaunchMemory();
  readonly #events: EventRecorder;

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
  }

  /** Until the signal aborts. Guests are found and looked at before anything is written about them. */
  async run(signal: AbortSignal): Promise<void> {
    const { hypervisor, log } = this.#parts;
    const facts = await this.#nodeFacts();
    await adoptDomains({ ...this.#fence(), clock: this.#clock }, signal);
    const controller = this.#controller(facts);
    const enqueue = (key: ObjectKey) => controller.enqueue(key);
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
      this.#offerDevices(signal),
      this.#labelNode(facts, signal),
      this.#serve(enqueue, signal),
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

  #controller(facts: () => NodeFacts) {
    const { config, hypervisor, log, native } = this.#parts;
    const client = new WriteThroughClient(this.#parts.client, [this.#vmis, this.#pods]);
    const { kubeletRoot, nodeName, runDirectory } = config;
    const memory = this.#memory;
    const clock = this.#clock;
    const sockets = new PodSockets({ envelopes: new NativeEnvelopes(native), kubeletRoot });
    const files = new NativePodFiles(native);
    const launcher = new Launcher({ hypervisor, sockets, files, facts, runDirectory });
    const observed = { client, nodeName, vmis: this.#vmis, pods: this.#pods, hypervisor, sockets };
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

  async #offerDevices(signal: AbortSignal): Promise<void> {
    const { config: { kubeletRoot }, log, native } = this.#parts;
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

  async #serve(enqueue: (key: ObjectKey) => void, signal: AbortSignal): Promise<void> {
    const { client, config, hypervisor, log } = this.#parts;
    const consoles = new ConsoleSessions({
      open: (uid, signal) => hypervisor.openConsole(uid, signal),
      clock: this.#clock,
    });
    const find = (key: ObjectKey) => this.#vmis.get(key);
    const server = new NodeServer({ hypervisor, consoles, find, enqueue, log });
    const { namespace, nodeName, port, unverifiableCallers } = config;
    const nodeIp = config.nodeIp ?? await internalIp(client, { nodeName, signal });
    const reached = { nodeName, nodeIp, port, namespace };
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

async function connectionOf({ apiServer, kubeconfig }: NodeConfig) {
  if (kubeconfig !== undefined) return await kubeconfigConnection(kubeconfig);
  if (apiServer !== undefined) return await inClusterConnection(apiServer);
  throw new TypeError("Cannot reach an API server: give --kubeconfig, or run in a pod");
}

/** Of a compiled program they are inside it; otherwise beside the program that runs. Flags may name another directory. */
async function ownNativeParts(
  { nativeDirectory, runDirectory }: Directories,
): Promise<{ directory: string } & Disposable> {
  if (nativeDirectory === undefined && Deno.build.standalone) {
    const embedded = new URL("./native/", import.meta.url);
    return await UnpackedParts.unpack({ embedded, parents: [runDirectory, STATE_DIRECTORY] });
  }
  const beside = Deno.execPath().replace(/\/[^/]*$/, "");
  return { directory: nativeDirectory ?? beside, [Symbol.dispose]() {} };
}

const PROBE_TIMEOUT_MS = 30_000;

/** What an administrator asks before installing: do the native parts load here, and what do they find? */
async function probe(directories: Directories): Promise<void> {
  using parts = await ownNativeParts(directories);
  using native = NativeLibrary.load(parts.directory);
  const patience = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const [kvm, missing] = await Promise.all([native.probeKvm(), missingRequirements(patience)]);
  const answer = { version: denoConfig.version, nativeDirectory: native.directory, kvm, missing };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
}

/** A package's download is not counted: it has a bound of its own. */
const DOCTOR_TIMEOUT_MS = 30 * 60_000;
/** Where the table goes to a file. */
const COLUMNS_DEFAULT = 100;
/** Guests cannot run here. */
const UNWELL = 1;

/** What a person asks before anything else. Works without native parts, and says that they are missing. */
async function doctor(config: DoctorConfig): Promise<void> {
  const print = (text: string) => void Deno.stdout.writeSync(new TextEncoder().encode(text));
  using parts = await ownNativeParts(config);
  using native = loadedNativeParts(parts.directory);
  const isTerminal = Deno.stdout.isTerminal();
  const isWell = await runDoctor({
    ...config,
    nativeParts: () => native.why,
    ...(native.library === undefined
      ? {}
      : { proveKvm: () => whyNoKvm(native.library as NativeLibrary) }),
    columns: isTerminal ? Deno.consoleSize().columns : COLUMNS_DEFAULT,
    colour: isTerminal && !Deno.noColor,
    print,
    say: (line) => void Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
    signal: AbortSignal.timeout(DOCTOR_TIMEOUT_MS),
  });
  if (!isWell) Deno.exitCode = UNWELL;
}

type LoadedParts = { library?: NativeLibrary; why?: string } & Disposable;

function loadedNativeParts(directory: string): LoadedParts {
  try {
    const library = NativeLibrary.load(directory);
    return { library, [Symbol.dispose]: () => library[Symbol.dispose]() };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error), [Symbol.dispose]() {} };
  }
}

async function whyNoKvm(native: NativeLibrary): Promise<string | undefined> {
  const { usable, why } = await native.probeKvm();
  return usable ? undefined : why ?? "KVM is not usable";
}

/** Bad flags: one line for people, and code 2. */
const USAGE_ERROR = 2;

if (import.meta.main) {
  try {
    await runCommandLine({ args: Deno.args, env: Deno.env.toObject() }, {
      version: denoConfig.version,
      agent: runAgent,
      probe,
      doctor,
    });
  } catch (error) {
    if (!(error instanceof TypeError && /^Cannot (use these flags|install)/.test(error.message))) {
      throw error;
    }
    Deno.stderr.writeSync(new TextEncoder().encode(`${error.message}\n`));
    Deno.exit(USAGE_ERROR);
  }
}
