/** Every state that a VMI and its pod went through, as the API server told it: what nobody can take back or do twice unseen. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import { isFinalPhase } from "../../src/api/phases.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import {
  type KubeClient,
  KubeError,
  type Resource,
  type WatchEvent,
} from "../../src/kube/client.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import type { Pod } from "../../src/resources/core_objects.ts";

/** After a definition was installed. */
const SERVED_DEADLINE_MS = 90_000;
const LOOK_MS = 50;

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
    const follow = async <T extends KubeObject>(
      resource: Resource,
      take: (event: WatchEvent<T>) => void,
    ) => {
      const endMs = performance.now() + SERVED_DEADLINE_MS;
      let seen: { resourceVersion: string } | undefined;
      while (!signal.aborted) {
        try {
          for await (const event of client.watch<T>(resource, { namespace, signal, ...seen })) {
            const { resourceVersion } = event.object.metadata;
            if (resourceVersion !== undefined) seen = { resourceVersion };
            take(event);
          }
        } catch (error) {
          if (signal.aborted) return;
          if (!isNotServedYet(error) || performance.now() > endMs) throw error;
          await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        }
      }
    };
    this.#following = Promise.all([
      follow<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, (event) => this.#takeVmi(event)),
      follow<Pod>(PODS, (event) => this.#takePod(event)),
    ]);
    this.#following.catch(() => {}); // thrown once it is awaited
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

/** "storage is (re)initializing" */
function isNotServedYet(error: unknown): boolean {
  return error instanceof KubeError && error.code === 429;
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
