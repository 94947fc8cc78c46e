/** Every state that a VMI and its pod went through, as the API server told it: what nobody can take back or do twice unseen. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import { isFinalPhase } from "../../src/api/phases.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { KubeClient, WatchEvent } from "../../src/kube/client.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import type { Pod } from "../../src/resources/core_objects.ts";

export interface HistoryOptions {
  client: KubeClient;
  namespace: string;
}

/** Of one VMI, in order. What differs from one run to another by chance (names, times, addresses) is left out. */
export interface VmiLife {
  /** Each state once for each time that it was entered. */
  states: string[];
  /** Writes of the VMI after which nothing was different. */
  idleWrites: number;
  /** What the pod's readiness gate was set to. */
  gates: boolean[];
}

export class VmiHistory implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #lives = new Map<string, VmiLife>();
  readonly #following: Promise<unknown>;

  constructor({ client, namespace }: HistoryOptions) {
    const { signal } = this.#stop;
    const follow = async <T>(
      events: AsyncIterable<WatchEvent<T>>,
      take: (event: WatchEvent<T>) => void,
    ) => {
      try {
        for await (const event of events) take(event);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    };
    this.#following = Promise.all([
      follow(
        client.watch<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, { namespace, signal }),
        (event) => this.#takeVmi(event),
      ),
      follow(client.watch<Pod>(PODS, { namespace, signal }), (event) => this.#takePod(event)),
    ]);
  }

  of(uid: string): VmiLife {
    const known = this.#lives.get(uid);
    if (known !== undefined) return known;
    const life = { states: [], idleWrites: 0, gates: [] };
    this.#lives.set(uid, life);
    return life;
  }

  #takeVmi(event: WatchEvent<VirtualMachineInstance>): void {
    if (event.type === "BOOKMARK") return;
    const { object: vmi, type } = event;
    const life = this.of(vmi.metadata.uid);
    const isDeleting = vmi.metadata.deletionTimestamp !== undefined;
    // A final phase may be told alone when the pod takes long to end: no step of its own.
    if (isDeleting && isFinalPhase(vmi.status?.phase) && type !== "DELETED") return;
    const state = JSON.stringify({ ...essence(vmi), isDeleting, isGone: type === "DELETED" });
    if (life.states.at(-1) === state) life.idleWrites++;
    else life.states.push(state);
  }

  #takePod(event: WatchEvent<Pod>): void {
    if (event.type === "BOOKMARK") return;
    const { object: pod } = event;
    const uid = pod.metadata.labels?.["kubevirt.io/created-by"];
    if (uid === undefined) return;
    const { gates } = this.of(uid);
    const isOpen = isGateOpen(pod);
    if ((gates.at(-1) ?? false) !== isOpen) gates.push(isOpen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}

function essence({ metadata, status = {} }: VirtualMachineInstance) {
  return {
    phase: status.phase,
    reason: status.reason,
    conditions: (status.conditions ?? []).map(({ type, status, reason, message }) =>
      [type, status, reason, message].join(" ")
    ).sort(),
    interfaces: status.interfaces?.map(({ mac: _, ...rest }) => rest),
    volumes: status.volumeStatus?.map(({ name, target }) => `${name} ${target}`),
    transitions: status.phaseTransitionTimestamps?.map(({ phase }) => phase),
    finalizers: metadata.finalizers,
  };
}
