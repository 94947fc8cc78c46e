/**
 * What the kubelet, the scheduler, a container runtime, a network plugin and a provisioner do in a cluster, as far as the pods
 * of virtual machines on one machine need them. Guests do not need it to live on: what runs is adopted at the start.
 */
import type { KubeClient } from "../../kube/client.ts";
import {
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  SERVICES,
  STORAGE_CLASSES,
} from "../../kube/core_resources.ts";
import { AlreadyExistsError } from "../../kube/client.ts";
import type { Node, Pod } from "../../resources/core_objects.ts";
import { type Clock, SYSTEM_CLOCK } from "../../runtime/clock.ts";
import type { EventSink } from "../../runtime/controller.ts";
import { Informer } from "../../runtime/informer.ts";
import type { Logger } from "../../runtime/log.ts";
import { MetricsRegistry } from "../../runtime/metrics.ts";
import { ImageArchives } from "../images/image_archives.ts";
import { ImageStore } from "../images/image_store.ts";
import {
  CLAIM_UID_INDEX,
  type ClaimController,
  claimDirectory,
  createClaimController,
} from "./claims/controller.ts";
import {
  LOCAL_CLASS,
  LOCAL_PROVISIONER,
  type LocalClaim,
  type LocalVolume,
} from "./claims/decide.ts";
import { installEnvelopeImage } from "./envelope_image.ts";
import { machineAddress, registerLocalNode } from "./local_node.ts";
import { GuestNames } from "./names/guest_names.ts";
import { AddressPool } from "./network/address_pool.ts";
import { applyMachineNetwork } from "./network/apply_machine_network.ts";
import type { MachineNetwork } from "./network/machine_network.ts";
import { PodActor } from "./pod/act.ts";
import { createPodController, type PodController } from "./pod/controller.ts";
import { wantedImages } from "./pod/decide.ts";
import { NodeRoom } from "./pod/node_room.ts";
import { UID_INDEX } from "./pod/observe.ts";
import { PodCgroups } from "./pod_cgroups.ts";
import { PodImages } from "./pod_images.ts";
import { PodSandboxes } from "./pod_sandbox.ts";
import { Prober } from "./probes/prober.ts";
import { createServiceController, type ServiceController } from "./services/controller.ts";
import type { LocalService } from "./services/world.ts";

export interface LocalKubeletOptions {
  client: KubeClient;
  nodeName: string;
  /** Kept over restarts of the machine: images, claims, disks of pods. */
  dataDirectory: string;
  /** Where the node agent looks for pods: below the data directory. */
  kubeletRoot: string;
  /** In memory: secrets. */
  runDirectory: string;
  /** Holds denovirt-domain and the envelope. */
  nativeDirectory: string;
  /** The name of the envelope's image in pods. */
  envelopeImage: string;
  /** Directories with images in archives. */
  archiveDirectories: readonly string[];
  imageBytesMax: number;
  network: MachineNetwork;
  /** Where ports of load balancers are opened: an address of the machine, or "*" for all. */
  balancerAddress: string;
  /** The parent of all pods' cgroups. */
  cgroup: string;
  version: string;
  proveKvm: () => Promise<string | undefined>;
  events: EventSink;
  logger: Logger;
  clock?: Clock;
  metrics?: MetricsRegistry;
}

export class LocalKubelet {
  readonly #options: LocalKubeletOptions;
  readonly #clock: Clock;
  readonly #metrics: MetricsRegistry;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #claims: Informer<LocalClaim>;
  readonly #volumes: Informer<LocalVolume>;
  readonly #services: Informer<LocalService>;

  constructor(options: LocalKubeletOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#metrics = options.metrics ?? new MetricsRegistry();
    const { client, logger, nodeName } = options;
    const shared = { client, logger, clock: this.#clock, metrics: this.#metrics };
    this.#pods = new Informer({
      ...shared,
      resource: PODS,
      indexes: { [UID_INDEX]: ({ metadata }) => [metadata.uid] },
    });
    this.#nodes = new Informer({
      ...shared,
      resource: NODES,
      fieldSelector: `metadata.name=${nodeName}`,
    });
    this.#claims = new Informer({
      ...shared,
      resource: PERSISTENT_VOLUME_CLAIMS,
      indexes: { [CLAIM_UID_INDEX]: ({ metadata }) => [metadata.uid] },
    });
    this.#volumes = new Informer({ ...shared, resource: PERSISTENT_VOLUMES });
    this.#services = new Informer({ ...shared, resource: SERVICES });
  }

  /** Makes the Node object; who labels it wants it to be there. Idempotent. */
  async register(signal: AbortSignal): Promise<void> {
    const { client, nodeName, proveKvm, version } = this.#options;
    await registerLocalNode({ client, nodeName, version, clock: this.#clock, proveKvm, signal });
  }

  /** Until the signal aborts; guests go on. */
  async run(signal: AbortSignal): Promise<void> {
    const { kubeletRoot, network } = this.#options;
    const recordDirectory = `${kubeletRoot}/records`;
    for (const path of [`${kubeletRoot}/pods`, recordDirectory]) {
      await Deno.mkdir(path, { recursive: true });
    }
    await Deno.chmod(recordDirectory, 0o700);
    await Promise.all([
      applyMachineNetwork(network, signal),
      this.register(signal),
      this.#makeClass(signal),
    ]);
    const sandboxes = new PodSandboxes({
      nativeDirectory: this.#options.nativeDirectory,
      recordDirectory,
    });
    using prober = new Prober({
      clock: this.#clock,
      events: this.#options.events,
      onChange: (podUid) => pods.enqueue({ name: podUid }),
    });
    await using names = await GuestNames.open({
      ...this.#options,
      services: this.#services,
      pods: this.#pods,
    });
    const parts = { sandboxes, prober, nameServer: names.address };
    const pods = await this.#podController(parts, signal);
    const claims = this.#claimController();
    // Told meanwhile: who listens from here on would never hear of it.
    if (signal.aborted) return;
    using records = Deno.watchFs(recordDirectory, { recursive: false });
    const stop = () => records.close();
    signal.addEventListener("abort", stop, { once: true });
    for (const podUid of await sandboxes.list()) pods.enqueue({ name: podUid });
    for (const podUid of await this.#directoriesOfPods()) pods.enqueue({ name: podUid });
    const informers = [this.#pods, this.#nodes, this.#claims, this.#volumes, this.#services];
    await Promise.all([
      ...informers.map((each) => each.run(signal)),
      pods.run(signal),
      claims.run(signal),
      this.#serviceController().run(signal),
      followRecords(records, pods),
    ]);
  }

  async #podController(
    { sandboxes, prober, nameServer }: {
      sandboxes: PodSandboxes;
      prober: Prober;
      nameServer: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<PodController> {
    const { client, dataDirectory, events, kubeletRoot, logger, network, nodeName } = this.#options;
    const clock = this.#clock;
    const addresses = await AddressPool.open(`${kubeletRoot}/addresses.json`, network.range);
    const cgroups = await PodCgroups.open(this.#options.cgroup, clock);
    const images = await this.#images(sandboxes, (podUid) => controller.enqueue({ name: podUid }));
    const places = {
      kubeletRoot,
      secretsRoot: `${this.#options.runDirectory}/pod-secrets`,
      claimDirectory: claimDirectory(`${dataDirectory}/claims`),
    };
    const room = new NodeRoom({ nodeName, pods: this.#pods });
    const shared = { sandboxes, prober, images, addresses, cgroups, room };
    const controller: PodController = createPodController({
      observed: { ...shared, nodeName, pods: this.#pods, nodes: this.#nodes, kubeletRoot, clock },
      actor: new PodActor({ ...shared, client, network, nameServer, places, lifetime: signal }),
      events,
      logger,
      clock,
      metrics: this.#metrics,
    });
    return controller;
  }

  async #images(
    sandboxes: PodSandboxes,
    onChange: (podUid: string) => void,
  ): Promise<PodImages> {
    const { archiveDirectories, client, dataDirectory, envelopeImage } = this.#options;
    const { imageBytesMax, logger, nativeDirectory } = this.#options;
    const store = await ImageStore.open({
      directory: `${dataDirectory}/images`,
      archives: new ImageArchives(archiveDirectories),
      bytesMax: imageBytesMax,
      inUse: () => images.inUse(),
    });
    const envelope = await installEnvelopeImage({
      nativeDirectory,
      directory: `${dataDirectory}/envelope`,
    });
    const builtIn = new Map([[envelopeImage, envelope]]);
    const images: PodImages = new PodImages({
      store,
      builtIn,
      clock: this.#clock,
      log: logger,
      onChange,
    });
    // What runs holds its images, before anything is pulled that could make them go.
    const running = new Set(await sandboxes.list());
    const { items } = await client.list<Pod>(PODS);
    for (const pod of items.filter(({ metadata }) => running.has(metadata.uid))) {
      for (const { image } of wantedImages(pod)) await images.adopt(pod.metadata.uid, image);
    }
    return images;
  }

  #claimController(): ClaimController {
    const { client, dataDirectory, events, logger, nodeName } = this.#options;
    return createClaimController({
      client,
      directory: `${dataDirectory}/claims`,
      nodeName,
      claims: this.#claims,
      volumes: this.#volumes,
      pods: this.#pods,
      events,
      logger,
      clock: this.#clock,
      metrics: this.#metrics,
    });
  }

  #serviceController(): ServiceController {
    const { balancerAddress } = this.#options;
    return createServiceController({
      ...this.#options,
      shownAddress: balancerAddress === "*" ? machineAddress() : balancerAddress,
      services: this.#services,
      pods: this.#pods,
      clock: this.#clock,
      metrics: this.#metrics,
    });
  }

  async #makeClass(signal: AbortSignal): Promise<void> {
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    try {
      await this.#options.client.create(STORAGE_CLASSES, {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: LOCAL_CLASS, annotations },
        provisioner: LOCAL_PROVISIONER,
        reclaimPolicy: "Delete",
        volumeBindingMode: "Immediate",
      }, { signal });
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
  }

  async #directoriesOfPods(): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(`${this.#options.kubeletRoot}/pods`));
    return entries.map(({ name }) => name);
  }
}

/** A container has started or ended. */
async function followRecords(records: Deno.FsWatcher, pods: PodController): Promise<void> {
  for await (const { paths } of records) {
    for (const path of paths) {
      const podUid = /\/([0-9A-Za-z-]+)\.json$/.exec(path)?.[1];
      if (podUid !== undefined) pods.enqueue({ name: podUid });
    }
  }
}
