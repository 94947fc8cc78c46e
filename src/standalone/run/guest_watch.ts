/** Follows one guest from its creation to its end, and tells of what happens on the way. */
import { isFinalPhase, VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { KubeClient } from "../../kube/client.ts";
import { EVENTS } from "../../kube/core_resources.ts";
import type { KubeObject, ObjectKey } from "../../kube/object.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { type Change, Informer } from "../../runtime/informer.ts";
import type { Logger } from "../../runtime/log.ts";

/** Warnings that were told; older ones are told again. */
const WARNINGS_MAX = 100;
/** What is over sooner is no trouble: a node that is just starting, for one. */
const PATIENCE_MS = 3_000;

interface Event extends KubeObject {
  type?: string;
  reason?: string;
  message?: string;
}

export interface GuestWatchOptions {
  client: KubeClient;
  /** Of the instance; a VirtualMachine's has the same. */
  key: ObjectKey;
  /** A phase was reached: begins what the next one waits for. */
  tellPhase: (phase: string) => void;
  tellWarning: (text: string) => void;
  logger: Logger;
}

/** How the guest's one run ended. */
export type GuestEnd = { how: "ended" } | { how: "failed"; why: string };

export class GuestWatch {
  readonly #options: GuestWatchOptions;
  readonly #instances: Informer<VirtualMachineInstance>;
  readonly #events: Informer<Event>;
  readonly #told = new BoundedMap<string, true>(WARNINGS_MAX);
  #uid: string | undefined;
  #phase: string | undefined;
  #end: GuestEnd | undefined;
  readonly #ended = Promise.withResolvers<GuestEnd>();

  constructor(options: GuestWatchOptions) {
    this.#options = options;
    const { client, key, logger } = options;
    const namespace = key.namespace ?? "";
    const fieldSelector = `metadata.name=${key.name}`;
    this.#instances = new Informer({
      client,
      logger,
      resource: VIRTUAL_MACHINE_INSTANCES,
      namespace,
      fieldSelector,
    });
    this.#events = new Informer<Event>({ client, logger, resource: EVENTS, namespace });
    this.#instances.addHandler((change) => this.#see(change));
    this.#events.addHandler(({ new: event }) => this.#warn(event));
  }

  /** The instance as it was last seen. */
  get instance(): VirtualMachineInstance | undefined {
    return this.#instances.get(this.#options.key);
  }

  /** Resolves when the guest was at its end, Failed or not, or its instance is gone. */
  get ended(): Promise<GuestEnd> {
    return this.#ended.promise;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#instances.run(signal), this.#events.run(signal)]);
  }

  /** As it was last seen. */
  get phase(): string {
    return this.#phase ?? "not there";
  }

  /** Resolves when the guest runs, or has run; with `false` when time is up. Rejects on the abort. */
  async untilRunning(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const isOn = () => this.#end !== undefined || this.#phase === Phase.Running;
    try {
      await this.#instances.waitUntil(isOn, { timeoutMs, signal });
      return true;
    } catch (error) {
      if (signal.aborted || !isTimeout(error)) throw error;
      return isOn();
    }
  }

  #see({ old, new: instance }: Change<VirtualMachineInstance>): void {
    if (this.#end !== undefined) return;
    const seen = instance ?? old;
    this.#uid ??= seen?.metadata.uid;
    // A VirtualMachine may start the next one; it is not for this run.
    if (instance === undefined || instance.metadata.uid !== this.#uid) {
      return this.#finish({ how: "ended" });
    }
    const { phase, reason } = instance.status ?? {};
    if (phase === undefined || phase === "" || phase === this.#phase) return;
    this.#phase = phase;
    this.#options.tellPhase(phase);
    if (!isFinalPhase(phase)) return;
    const told = instance.status?.conditions?.find(({ type, status }) =>
      type === "Synchronized" && status === "False"
    )?.message;
    const why = [phase, reason, told].filter((each) => each !== undefined && each !== "").join(
      ": ",
    );
    this.#finish(phase === Phase.Failed ? { how: "failed", why } : { how: "ended" });
  }

  #finish(end: GuestEnd): void {
    this.#end = end;
    this.#ended.resolve(end);
  }

  #warn(event: Event | undefined): void {
    if (event?.type !== "Warning") return;
    const text = `${event.reason}: ${event.message}`;
    if (this.#told.get(text) !== undefined) return;
    this.#told.set(text, true);
    const phase = this.#phase;
    setTimeout(() => {
      if (this.#phase === phase && this.#end === undefined) this.#options.tellWarning(text);
    }, PATIENCE_MS);
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
