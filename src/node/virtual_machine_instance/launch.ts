/** Starts a guest in its pod: network, images, domain. Every step is idempotent, so a launch that broke off is made again. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Envelope } from "../../hypervisor/envelope.ts";
import {
  type DomainDhcp,
  type DomainMount,
  type Hypervisor,
  HypervisorError,
} from "../../hypervisor/hypervisor.ts";
import { renderDomain } from "../../libvirt_domain/render_domain.ts";
import type { Pod } from "../../resources/core_objects.ts";
import { leaseOf } from "../../resources/virtual_machine_instance/lease.ts";
import { hostname } from "../hostname.ts";
import { applyPodNetwork } from "../network/apply_pod_network.ts";
import type { MasqueradePlan } from "../network/plan.ts";
import { podMtu } from "../network/pod_network.ts";
import {
  parseResolvConf,
  type ResolverConfiguration,
  withSubdomain,
} from "../network/resolv_conf.ts";
import { factsForPod, type NodeFacts } from "../node_facts.ts";
import { cloudInitFiles } from "../volumes/cloud_init.ts";
import { planLocks } from "../volumes/locks.ts";
import { COMPUTE_SOCKET, seedPath, socketsOf } from "../volumes/plan.ts";
import { readSeedData } from "../volumes/seed_data.ts";
import { SEED_BYTES_MAX, writeSeedImage } from "../volumes/seed_image.ts";
import { domainFacts, type LaunchPlan, planLaunch } from "./launch_plan.ts";
import type { PodSockets } from "./pod_sockets.ts";

/** Files of a container, read beneath its root. `undefined`: there is no such file. */
export interface PodFiles {
  read(
    pid: number,
    path: string,
    options: { bytesMax: number; signal: AbortSignal },
  ): Promise<Uint8Array | undefined>;
}

export interface LauncherOptions {
  hypervisor: Hypervisor;
  sockets: PodSockets;
  files: PodFiles;
  facts: () => NodeFacts;
  /** Holds `vms/<uid>` of each guest. */
  runDirectory: string;
}

interface Launch {
  vmi: VirtualMachineInstance;
  plan: LaunchPlan;
  /** Process by socket name. */
  pids: ReadonlyMap<string, number>;
  signal: AbortSignal;
}

const RESOLV_CONF_PATH = "/etc/resolv.conf";
const RESOLV_CONF_BYTES_MAX = 64 * 1024;
/** Without the pod's own network there is nothing to be smaller than. */
const MTU_DEFAULT = 1500;

export class Launcher {
  readonly #options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** @throws HypervisorError with `terminal` when trying again cannot help; anything else can be tried again. */
  async launch(vmi: VirtualMachineInstance, pod: Pod, signal: AbortSignal): Promise<void> {
    const node = factsForPod(this.#options.facts(), pod);
    const plan = planLaunch(vmi, node);
    using connections = new DisposableStack();
    const pids = new Map<string, number>();
    for (const socket of socketsOf(plan.volumes)) {
      pids.set(socket, connections.use(await this.#connect(pod, socket, signal)).pid);
    }
    const launch = { vmi, plan, pids, signal };
    await this.#writeSeeds(launch);
    const { mtu, dhcp } = await this.#setUpNetwork(launch);
    const facts = domainFacts({ ...plan, node, mtu });
    const rendered = renderDomain({ vmi, facts });
    if ("refusals" in rendered) {
      const fields = rendered.refusals.map(({ field }) => field).join(", ");
      throw new HypervisorError(`Cannot launch: not supported: ${fields}`, { terminal: true });
    }
    await this.#options.hypervisor.launch({
      uid: vmi.metadata.uid,
      xml: rendered.xml,
      envelopePid: pidOf(launch, COMPUTE_SOCKET),
      mounts: mountsOf(launch),
      overlays: plan.volumes.overlays,
      dhcp,
      locks: planLocks(vmi, plan.volumes),
      paused: vmi.spec.startStrategy === "Paused",
      owner: {
        namespace: vmi.metadata.namespace ?? "default",
        name: vmi.metadata.name,
        podUid: pod.metadata.uid,
        epoch: leaseOf(vmi)?.epoch ?? 0,
      },
    }, signal);
  }

  async #connect(pod: Pod, socket: string, signal: AbortSignal): Promise<Envelope> {
    return await this.#options.sockets.connect(pod.metadata.uid, socket, signal);
  }

  async #writeSeeds(launch: Launch): Promise<void> {
    const { vmi, plan, signal } = launch;
    const pid = pidOf(launch, COMPUTE_SOCKET);
    const read = (path: string) =>
      this.#options.files.read(pid, path, { bytesMax: SEED_BYTES_MAX, signal });
    for (const seed of plan.volumes.seeds) {
      const data = await readSeedData(seed, { read, signal });
      const files = cloudInitFiles(vmi, { kind: seed.kind, data });
      const directory = `${this.#options.runDirectory}/vms/${vmi.metadata.uid}`;
      const path = `${directory}/${seedPath(seed.volumeName)}`;
      await writeSeedImage(files, { path, signal });
    }
  }

  async #setUpNetwork(launch: Launch): Promise<{ mtu: number; dhcp: DomainDhcp[] }> {
    const pid = pidOf(launch, COMPUTE_SOCKET);
    const dhcp: DomainDhcp[] = [];
    let mtu = MTU_DEFAULT;
    for (const plan of launch.plan.network.interfaces) {
      const links = await applyPodNetwork(plan, { pid, signal: launch.signal });
      mtu = podMtu(plan, links);
      dhcp.push(dhcpServer(launch.vmi, { plan, mtu, resolver: await this.#resolver(launch, pid) }));
    }
    return { mtu, dhcp };
  }

  async #resolver({ vmi, signal }: Launch, pid: number): Promise<ResolverConfiguration> {
    const options = { bytesMax: RESOLV_CONF_BYTES_MAX, signal };
    const bytes = await this.#options.files.read(pid, RESOLV_CONF_PATH, options);
    return withSubdomain(parseResolvConf(new TextDecoder().decode(bytes)), {
      subdomain: vmi.spec.subdomain,
      namespace: vmi.metadata.namespace ?? "default",
    });
  }
}

function dhcpServer(
  vmi: VirtualMachineInstance,
  { plan, mtu, resolver }: { plan: MasqueradePlan; mtu: number; resolver: ResolverConfiguration },
): DomainDhcp {
  return {
    bridge: plan.bridge,
    mac: plan.macAddress,
    address: plan.guest.guest,
    prefixLength: plan.guest.prefixLength,
    gateway: plan.guest.gateway,
    nameservers: resolver.nameservers,
    searchDomains: resolver.searchDomains,
    mtu,
    hostname: hostname(vmi),
  };
}

function mountsOf(launch: Launch): DomainMount[] {
  return launch.plan.volumes.mounts.map(({ socket, ...mount }) => ({
    ...mount,
    pid: pidOf(launch, socket),
  }));
}

function pidOf({ pids }: Launch, socket: string): number {
  const pid = pids.get(socket);
  if (pid === undefined) throw new Error(`Cannot launch: no process for socket ${socket}`);
  return pid;
}
