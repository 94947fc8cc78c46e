import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import type { KubeClient } from "../../kube/client.ts";
import { keyOf, type ObjectKey } from "../../kube/object.ts";
import { mergePatch } from "../../resources/merge_patch.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Decision, Reconciler } from "../../runtime/reconciler.ts";
import type { Actor } from "./act.ts";
import { decide } from "./decide.ts";
import { metadataChange } from "./last_write.ts";
import type { LaunchMemory } from "./launch_memory.ts";
import type { Observer } from "./observe.ts";
import type { Action, World } from "./world.ts";

type Status = VirtualMachineInstanceStatus;

/** The node's controller of VMIs: see decide.ts for what it does. */
export class NodeVirtualMachineInstanceReconciler implements Reconciler<World, Action, Status> {
  readonly name = "node-virtualmachineinstance-controller";
  readonly #client: KubeClient;
  readonly #observer: Observer;
  readonly #actor: Actor;
  readonly #memory: LaunchMemory;

  constructor(parts: {
    client: KubeClient;
    observer: Observer;
    actor: Actor;
    memory: LaunchMemory;
  }) {
    this.#client = parts.client;
    this.#observer = parts.observer;
    this.#actor = parts.actor;
    this.#memory = parts.memory;
  }

  async observe(key: ObjectKey, signal: AbortSignal): Promise<World | undefined> {
    return await this.#observer.observe(key, signal);
  }

  decide(world: World): Decision<Action, Status> {
    return decide(world);
  }

  async act(action: Action, world: World, signal: AbortSignal, log: Logger): Promise<void> {
    await this.#actor.act(action, world, signal, log);
  }

  /** A VMI has no status subresource: the version that was decided on is the precondition. */
  async writeStatus(status: Status, world: World, signal: AbortSignal): Promise<void> {
    const { vmi } = world;
    const change = mergePatch(vmi.status ?? {}, status);
    if (change === undefined) return;
    const { uid, resourceVersion } = vmi.metadata;
    const object = await this.#client.patch<VirtualMachineInstance>(
      VIRTUAL_MACHINE_INSTANCES,
      keyOf(vmi as { metadata: { name: string; namespace: string } }),
      { metadata: { ...metadataChange(world, status), uid, resourceVersion }, status: change },
      { type: "merge", signal },
    );
    this.#memory.wrote(uid, { on: resourceVersion, object });
  }
}
