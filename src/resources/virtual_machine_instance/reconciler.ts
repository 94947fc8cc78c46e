import type { ObjectKey } from "../../kube/object.ts";
import { Unchanged } from "../../runtime/unchanged.ts";
import type { FailureReport, Reconciler } from "../../runtime/reconciler.ts";
import { actOnVirtualMachineInstance, writeVirtualMachineInstanceState } from "./act.ts";
import { decideVirtualMachineInstance, type VirtualMachineInstanceDecision } from "./decide.ts";
import { type ObserveDependencies, observeVirtualMachineInstance } from "./observe.ts";
import { reportVirtualMachineInstance } from "./report.ts";
import type {
  VirtualMachineInstanceAction as Action,
  VirtualMachineInstanceState as State,
  VirtualMachineInstanceWorld as World,
} from "./world.ts";

/** Observe, decide and act of the VMI controller, as the loop wants them. */
export class VirtualMachineInstanceReconciler implements Reconciler<World, Action, State> {
  readonly name = "virtualmachineinstance-controller";
  readonly #dependencies: ObserveDependencies;

  constructor(dependencies: Omit<ObserveDependencies, "endings">) {
    this.#dependencies = { ...dependencies, endings: new Unchanged(dependencies.clock) };
  }

  observe(key: ObjectKey, signal: AbortSignal): Promise<World | undefined> {
    return observeVirtualMachineInstance(this.#dependencies, key, signal);
  }

  decide(world: World): VirtualMachineInstanceDecision {
    return decideVirtualMachineInstance(world);
  }

  async act(action: Action, world: World, signal: AbortSignal): Promise<void> {
    await actOnVirtualMachineInstance(action, {
      client: this.#dependencies.client,
      world,
      signal,
    });
  }

  async writeStatus(state: State, world: World, signal: AbortSignal): Promise<void> {
    const { client } = this.#dependencies;
    await writeVirtualMachineInstanceState(state, { client, world, signal });
  }

  report(error: unknown, action: Action, world: World): FailureReport<State> {
    return reportVirtualMachineInstance(error, action, world);
  }
}
