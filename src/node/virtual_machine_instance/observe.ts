/** Gathers the world of one VMI: reads only. */
import { isFinalPhase, VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { DomainObservation, Hypervisor } from "../../hypervisor/hypervisor.ts";
import type { KubeClient } from "../../kube/client.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import type { Pod } from "../../resources/core_objects.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Informer } from "../../runtime/informer.ts";
import type { Refusal } from "../../libvirt_domain/configurator.ts";
import { factsForPod, type NodeFacts } from "../node_facts.ts";
import { planLaunch } from "./launch_plan.ts";
import type { LaunchMemory } from "./launch_memory.ts";
import type { PodSockets } from "./pod_sockets.ts";
import type { StopWatches } from "./stop_watches.ts";
import type { EnvelopeObservation, LaunchFailure, Rival, World } from "./world.ts";

/** Index of the pod informer: pods by the UID of the VMI they were made for. */
export const CREATED_BY_INDEX = "created-by";

export interface ObserverOptions {
  client: KubeClient;
  nodeName: string;
  vmis: Informer<VirtualMachineInstance>;
  pods: Informer<Pod>;
  hypervisor: Hypervisor;
  sockets: PodSockets;
  stops: StopWatches;
  memory: LaunchMemory;
  clock: Clock;
  facts: () => NodeFacts;
  /** Has a VMI looked at again. */
  enqueue: (key: ObjectKey) => void;
}

export class Observer {
  readonly #options: ObserverOptions;
  readonly #planned = new WeakMap<
    VirtualMachineInstance,
    { on: string; refusals: readonly Refusal[] }
  >();

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  async observe(key: ObjectKey, signal: AbortSignal): Promise<World | undefined> {
    const { memory, nodeName, clock, vmis } = this.#options;
    const cached = vmis.get(key);
    if (cached === undefined) return undefined;
    const remembered = memory.latest(cached);
    const domain = await this.#inspect(remembered.metadata.uid, signal);
    const vmi = domain.kind === "gone" ? await this.#live(remembered, signal) : remembered;
    if (vmi === undefined) return undefined;
    const pod = this.#podOf(vmi);
    const { launchFailure, releasedPodUid } = memory.get(vmi.metadata.uid);
    const isEnding = await this.#isEnding(vmi, pod, signal);
    const nowMs = clock.monotonicMs();
    const isReleased = pod !== undefined && releasedPodUid === pod.metadata.uid;
    const facts = factsForPod(this.#options.facts(), pod);
    const launching = vmi.status?.phase === Phase.Scheduled && domain.kind === "absent";
    return {
      now: clock.now().toISOString(),
      nodeName,
      vmi,
      pod,
      domain,
      ...await this.#started(vmi, domain, signal),
      ...(launching && { rivals: await this.#rivals(vmi, signal) }),
      envelope: await this.#envelope({ vmi, pod, domain }, signal),
      ...(isReleased && { isReleased }),
      refusals: launching ? this.#refusals(vmi, facts) : [],
      ...(facts.emulationReason === undefined ? {} : { emulationReason: facts.emulationReason }),
      ...(launchFailure === undefined ? {} : { launchFailure: retried(launchFailure, nowMs) }),
      ...(isEnding && { endingForMs: nowMs - memory.endingSinceMs(vmi.metadata.uid, nowMs) }),
    };
  }

  /**
   * A guest that was killed is started again unless it was told to run. That may have been written without an answer, so no
   * cache is believed.
   */
  async #live(
    vmi: VirtualMachineInstance,
    signal: AbortSignal,
  ): Promise<VirtualMachineInstance | undefined> {
    if (vmi.status?.phase !== Phase.Scheduled) return vmi;
    const { client } = this.#options;
    const key = keyOf(vmi as KubeObject);
    const live = await client.get<VirtualMachineInstance & KubeObject>(
      VIRTUAL_MACHINE_INSTANCES,
      key,
      { signal },
    );
    return live?.metadata.uid === vmi.metadata.uid ? live : undefined;
  }

  /** A guest that cannot be launched yet is looked at each second: its plan is made once. */
  #refusals(vmi: VirtualMachineInstance, facts: NodeFacts): readonly Refusal[] {
    const on = JSON.stringify(facts);
    const planned = this.#planned.get(vmi);
    if (planned?.on === on) return planned.refusals;
    const { refusals } = planLaunch(vmi, facts);
    this.#planned.set(vmi, { on, refusals });
    return refusals;
  }

  /** Of several pods, the one that has not ended. */
  #podOf(vmi: VirtualMachineInstance): Pod | undefined {
    const pods = this.#options.pods.byIndex(CREATED_BY_INDEX, vmi.metadata.uid);
    return pods.find((pod) => !isFinalPhase(pod.status?.phase)) ?? pods[0];
  }

  /** A guest whose pod is deleted anyway need not be asked for. */
  async #isEnding(
    vmi: VirtualMachineInstance,
    pod: Pod | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (vmi.metadata.deletionTimestamp || pod?.metadata.deletionTimestamp) return true;
    const isOver = isFinalPhase(vmi.status?.phase) || isFinalPhase(pod?.status?.phase);
    if (isOver || pod === undefined) return false;
    const { enqueue, stops } = this.#options;
    const key = keyOf(vmi as KubeObject);
    return await stops.isTold(pod.metadata.uid, () => enqueue(key), signal);
  }

  async #started(
    { metadata: { uid } }: VirtualMachineInstance,
    { kind }: DomainObservation,
    signal: AbortSignal,
  ): Promise<Pick<World, "started">> {
    if (kind !== "present") return {};
    const started = await this.#options.hypervisor.owner(uid, signal);
    return started === undefined ? {} : { started };
  }

  async #rivals(
    { metadata: { namespace, name, uid } }: VirtualMachineInstance,
    signal: AbortSignal,
  ): Promise<Rival[]> {
    const { hypervisor } = this.#options;
    const rivals: Rival[] = [];
    for (const other of await hypervisor.list(signal)) {
      const owner = other === uid ? undefined : await hypervisor.owner(other, signal);
      if (owner?.namespace !== namespace || owner?.name !== name) continue;
      rivals.push({ uid: other, epoch: owner.epoch });
    }
    return rivals;
  }

  async #inspect(uid: string, signal: AbortSignal): Promise<DomainObservation> {
    try {
      return await this.#options.hypervisor.inspect(uid, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "unknown", why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Only looked for when something follows from it: before a launch, at the end of a deleted VMI and after the end. */
  async #envelope(
    { vmi, pod, domain }: Pick<World, "vmi" | "pod" | "domain">,
    signal: AbortSignal,
  ): Promise<EnvelopeObservation> {
    const isOver = domain.kind === "present" && domain.state === "shutoff";
    const isLast = isOver && Boolean(vmi.metadata.deletionTimestamp);
    const ended = isFinalPhase(vmi.status?.phase) || isLast;
    if (!ended && domain.kind !== "absent") return { kind: "unknown", why: "not looked for" };
    return await this.#options.sockets.observe(pod?.metadata.uid, signal);
  }
}

function retried(
  { retryAtMs, ...failure }: NonNullable<ReturnType<LaunchMemory["get"]>["launchFailure"]>,
  nowMs: number,
): LaunchFailure {
  return { ...failure, retryInMs: retryAtMs - nowMs };
}

/** The index function of {@link CREATED_BY_INDEX}. */
export function createdBy(pod: Pod): string[] {
  const uid = pod.metadata.labels?.["kubevirt.io/created-by"];
  return uid === undefined ? [] : [uid];
}
