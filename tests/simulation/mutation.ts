/**
 * Where a deliberate fault of the product is put in: around what it exports, in the places where the simulation composes it.
 * See mutations.ts for the faults.
 */
import type { VirtualMachineInstanceStatus } from "../../src/api/virtual_machine_instance_status.ts";
import type { VirtualMachineStatus } from "../../src/api/virtual_machine_status.ts";
import type { KubeClient, Resource } from "../../src/kube/client.ts";
import type { KubeObject, ObjectKey } from "../../src/kube/object.ts";
import type { Action, World } from "../../src/node/virtual_machine_instance/world.ts";
import type { NodeAction, NodeWorld } from "../../src/resources/node/world.ts";
import type {
  VirtualMachineAction,
  VirtualMachineWorld,
} from "../../src/resources/virtual_machine/world.ts";
import type {
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState,
  VirtualMachineInstanceWorld,
} from "../../src/resources/virtual_machine_instance/world.ts";
import type { Decision, Reconciler } from "../../src/runtime/reconciler.ts";

export type AgentReconciler = Reconciler<World, Action, VirtualMachineInstanceStatus>;

/** What an informer shows. */
export interface Cache {
  readonly resource: Resource;
  get(key: ObjectKey): KubeObject | undefined;
  list(): KubeObject[];
}

type Alter<Part> = (part: Part) => Part;
type AlterClient = (client: KubeClient, caches: readonly Cache[]) => KubeClient;

export interface Mutation {
  virtualMachine?: Alter<
    Reconciler<VirtualMachineWorld, VirtualMachineAction, VirtualMachineStatus>
  >;
  virtualMachineInstance?: Alter<
    Reconciler<
      VirtualMachineInstanceWorld,
      VirtualMachineInstanceAction,
      VirtualMachineInstanceState
    >
  >;
  node?: Alter<Reconciler<NodeWorld, NodeAction, undefined>>;
  agent?: Alter<AgentReconciler>;
  /** What controllers look and write through; their caches are fed by the sound one. */
  controllerClient?: AlterClient;
  /** The same of what an agent's reconciler looks and writes through. */
  agentClient?: AlterClient;
}

/** The reconciler with other methods. */
export function altered<W, A extends { type: string }, S>(
  reconciler: Reconciler<W, A, S>,
  change: Partial<Reconciler<W, A, S>>,
): Reconciler<W, A, S> {
  return {
    name: reconciler.name,
    observe: (...looked) => reconciler.observe(...looked),
    decide: (world) => reconciler.decide(world),
    act: (...acted) => reconciler.act(...acted),
    writeStatus: (...written) => reconciler.writeStatus(...written),
    report: (...failed) => reconciler.report?.(...failed) ?? {},
    ...change,
  };
}

/** Decides something else than the reconciler did. */
export function deciding<W, A extends { type: string }, S>(
  change: (decision: Decision<A, S>, world: W) => Partial<Decision<A, S>>,
): Alter<Reconciler<W, A, S>> {
  return (reconciler) =>
    altered(reconciler, {
      decide: (world) => {
        const decision = reconciler.decide(world);
        return { ...decision, ...change(decision, world) };
      },
    });
}

/** Decides on another world than there is. */
export function seeing<W, A extends { type: string }, S>(
  change: (world: W) => Partial<W>,
): Alter<Reconciler<W, A, S>> {
  return (reconciler) =>
    altered(reconciler, {
      decide: (world) => reconciler.decide({ ...world, ...change(world) }),
    });
}

/** Never decides on these actions. */
export function without<W, A extends { type: string }, S>(
  unwanted: (action: A, world: W) => boolean,
): Alter<Reconciler<W, A, S>> {
  const wanted = (actions: readonly A[], world: W) =>
    actions.filter((action) => !unwanted(action, world));
  return deciding(({ actions, actionsAfterStatus = [] }, world) => ({
    actions: wanted(actions, world),
    actionsAfterStatus: wanted(actionsAfterStatus, world),
  }));
}

/** The client with other methods. */
export function alteredClient(client: KubeClient, change: Partial<KubeClient>): KubeClient {
  return {
    get: (...asked) => client.get(...asked),
    list: (...asked) => client.list(...asked),
    watch: (...asked) => client.watch(...asked),
    create: (...asked) => client.create(...asked),
    update: (...asked) => client.update(...asked),
    patch: (...asked) => client.patch(...asked),
    delete: (...asked) => client.delete(...asked),
    raw: (...asked) => client.raw(...asked),
    ...change,
  };
}

/** What should be asked of the server is looked up in the cache, of this resource. */
export function believingItsCache(of: Resource): AlterClient {
  return (client, caches) => {
    const cache = caches.find(({ resource }) => resource === of);
    if (cache === undefined) throw new TypeError(`Cannot alter: there is no cache of ${of.plural}`);
    return alteredClient(client, {
      get: <T extends KubeObject>(...[resource, key, options]: Parameters<KubeClient["get"]>) =>
        resource === of
          ? Promise.resolve(cache.get(key) as T | undefined)
          : client.get<T>(resource, key, options),
    });
  };
}
