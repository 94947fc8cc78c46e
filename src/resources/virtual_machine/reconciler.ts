import type { VirtualMachineStatus } from "../../api/virtual_machine_status.ts";
import type { ObjectKey } from "../../kube/object.ts";
import type { Decision, FailureReport, Reconciler } from "../../runtime/reconciler.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { Unchanged } from "../../runtime/unchanged.ts";
import { KNOWN_REVISIONS_MAX, type KnownRevisions } from "../instancetype/known_revisions.ts";
import { actOnVirtualMachine, writeVirtualMachineStatus } from "./act.ts";
import { decideVirtualMachine } from "./decide.ts";
import { type ObserveDependencies, observeVirtualMachine } from "./observe.ts";
import { reportVirtualMachine } from "./report.ts";
import type { VirtualMachineAction, VirtualMachineWorld } from "./world.ts";

/** One that is forgotten is made once more, which finds it there. */
const REVISIONS_REMEMBERED_MAX = 10_000;

/** Observe, decide and act of the VM controller, as the loop wants them. */
export class VirtualMachineReconciler
  implements Reconciler<VirtualMachineWorld, VirtualMachineAction, VirtualMachineStatus> {
  readonly name = "virtualmachine-controller";
  readonly #dependencies: ObserveDependencies;
  readonly #knownRevisions: KnownRevisions;
  readonly #madeRevisions = new BoundedMap<string, string>(REVISIONS_REMEMBERED_MAX);
  /** Where an action of this pass has changed the VM itself, the status is written for its new version. */
  readonly #versions = new WeakMap<VirtualMachineWorld, string>();

  constructor(dependencies: Omit<ObserveDependencies, "startFailures">) {
    this.#knownRevisions = dependencies.knownRevisions ?? new BoundedMap(KNOWN_REVISIONS_MAX);
    this.#dependencies = {
      ...dependencies,
      knownRevisions: this.#knownRevisions,
      startFailures: new Unchanged(dependencies.clock),
    };
  }

  observe(key: ObjectKey, signal: AbortSignal): Promise<VirtualMachineWorld | undefined> {
    return observeVirtualMachine(this.#dependencies, key, signal);
  }

  decide(world: VirtualMachineWorld): Decision<VirtualMachineAction, VirtualMachineStatus> {
    return decideVirtualMachine(world);
  }

  async act(
    action: VirtualMachineAction,
    world: VirtualMachineWorld,
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#dependencies;
    const changed = await actOnVirtualMachine(action, {
      client,
      world,
      signal,
      madeRevisions: this.#madeRevisions,
      knownRevisions: this.#knownRevisions,
    });
    const version = changed?.metadata.resourceVersion;
    if (version !== undefined) this.#versions.set(world, version);
  }

  async writeStatus(
    status: VirtualMachineStatus,
    world: VirtualMachineWorld,
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#dependencies;
    const resourceVersion = this.#versions.get(world);
    const version = resourceVersion === undefined ? {} : { resourceVersion };
    await writeVirtualMachineStatus(status, { client, world, signal, ...version });
  }

  report(
    error: unknown,
    action: VirtualMachineAction,
    world: VirtualMachineWorld,
  ): FailureReport<VirtualMachineStatus> {
    return reportVirtualMachine(error, action, world);
  }
}
