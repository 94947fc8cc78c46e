/**
 * The API server: the in-memory one with admission before it, and watches that the simulation delivers in its own time.
 * Each watch gets the events of its resource in order; between watches there is no order, as there is none in etcd's.
 */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { KubeClient, Resource } from "../../src/kube/client.ts";
import { FakeClient } from "../../src/kube/fake/fake_client.ts";
import type { StoreEvent } from "../../src/kube/fake/object_store.ts";
import { formatKey, keyOf, type KubeObject, type ObjectKey } from "../../src/kube/object.ts";
import { clusterDefaults } from "../../src/resources/cluster_defaults.ts";
import { toWholeSeconds } from "../../src/resources/timestamp.ts";
import { defaultVirtualMachine } from "../../src/resources/virtual_machine/defaults.ts";
import { defaultVirtualMachineInstance } from "../../src/resources/virtual_machine_instance/defaults.ts";
import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export type ChangeListener = (event: StoreEvent) => void;

const CLUSTER = clusterDefaults(undefined);

export class ApiServer {
  /** Its objects, for those who are part of the control plane themselves: no delays, no faults. */
  readonly direct: KubeClient;
  readonly #fake: FakeClient;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #hasAdmission: boolean;
  readonly #log = new Map<string, StoreEvent[]>();
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<ChangeListener>();
  /** Watches that resume from before this version are told 410. */
  #oldestVersion = 0;
  #version = 1;

  constructor(parts: { clock: VirtualClock; random: Random; hasAdmission: boolean }) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#hasAdmission = parts.hasAdmission;
    this.#fake = new FakeClient({
      withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES],
      now: () => parts.clock.now(),
      sharesObjects: true,
      onChange: (event) => this.#record(event),
    });
    this.direct = this.#fake;
  }

  get version(): number {
    return this.#version;
  }

  /** What is stored now. Not to be changed. */
  get<T extends KubeObject>(resource: Resource, key: ObjectKey): T | undefined {
    return this.#objects.get(idOf(resource))?.get(formatKey(key)) as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource): T[] {
    return [...this.#objects.get(idOf(resource))?.values() ?? []] as T[];
  }

  /** Called for each change, in order, as it happens. */
  onChange(listener: ChangeListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** What admission makes of an object that is to be created. */
  admitted(resource: Resource, object: unknown): unknown {
    if (!this.#hasAdmission) return object;
    const now = toWholeSeconds(this.#clock.now().toISOString());
    const context = { cluster: CLUSTER, now, uuid: this.#random.uuid() };
    switch (resource) {
      case VIRTUAL_MACHINES: {
        const serial = this.#random.uuid();
        const options = { ...context, serial, operation: "CREATE" as const };
        return defaultVirtualMachine(object as VirtualMachine, options);
      }
      case VIRTUAL_MACHINE_INSTANCES:
        return defaultVirtualMachineInstance(object as VirtualMachineInstance, context);
      default:
        return object;
    }
  }

  /** The next event of a resource after a version; `undefined`: none yet. "expired": history is missing. */
  eventAfter(resource: Resource, version: number): StoreEvent | "expired" | undefined {
    if (version < this.#oldestVersion) return "expired";
    const log = this.#log.get(idOf(resource)) ?? [];
    // Watches are near the end most of the time.
    let at = log.length;
    while (at > 0 && (log[at - 1]?.version ?? 0) > version) at--;
    return log[at];
  }

  /** Forgets history, as etcd's compaction does. */
  compact(): void {
    this.#oldestVersion = this.#version;
    this.#fake.compact();
  }

  #record(event: StoreEvent): void {
    this.#version = event.version;
    const { resource, object } = event;
    const log = this.#log.get(resource) ?? [];
    if (log.length === 0) this.#log.set(resource, log);
    log.push(event);
    const objects = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    if (objects.size === 0) this.#objects.set(resource, objects);
    const key = formatKey(keyOf(object));
    if (event.type === "DELETED") objects.delete(key);
    else objects.set(key, object);
    for (const listener of this.#listeners) listener(event);
  }
}

export function idOf(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}
