/** The one shape of a controller: observe reads, decide is pure, act has one idempotent side effect. */
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import type { Logger } from "./log.ts";

/** An event for the user, recorded on `regarding` and counted rather than repeated. */
export interface EventRecord {
  regarding: KubeObject;
  type: "Normal" | "Warning";
  /** CamelCase, one of KubeVirt's reasons where one exists. */
  reason: string;
  message: string;
}

export interface Decision<Action, Status> {
  actions: readonly Action[];
  /** The whole desired status; written once after the actions, and only when it differs from the observed one. */
  status: Status;
  /**
   * The status tells of something passing: it may be held back for this long in all, in milliseconds, and is not written at
   * all when another follows before. Nothing may depend on it: a process that dies holds it back anew.
   */
  statusMayWaitMs?: number;
  /** Side effects that must not come before the status is written. Not done while it is held back. */
  actionsAfterStatus?: readonly Action[];
  events?: readonly EventRecord[];
  /** Look again after this long even if nothing changes, in milliseconds. */
  requeueAfterMs?: number;
}

/** What the user is told when an action failed. */
export interface FailureReport<Status> {
  /** Written instead of the decision's status, which the failed action may have made untrue. */
  status?: Status;
  events?: readonly EventRecord[];
}

/** The logger given to each method carries the controller, the key and the reconcileId of the pass. */
export interface Reconciler<World, Action extends { type: string }, Status> {
  /** Used in logs, metrics and events: "virtualmachine-controller". */
  readonly name: string;
  /** Reads only. `undefined`: the object is gone and nothing is left to do. Throws when it cannot know. */
  observe(key: ObjectKey, signal: AbortSignal, log: Logger): Promise<World | undefined>;
  /** Pure and total: `world.now` is data. */
  decide(world: World): Decision<Action, Status>;
  /** One idempotent side effect. */
  act(action: Action, world: World, signal: AbortSignal, log: Logger): Promise<void>;
  /** Writes the status if it differs from the one in `world`; at most one write. */
  writeStatus(status: Status, world: World, signal: AbortSignal, log: Logger): Promise<void>;
  /** Pure. What to tell about an action that threw; the actions after it are not done. Not asked for conflicts. */
  report?(error: unknown, action: Action, world: World): FailureReport<Status>;
}

/** An error that will not go away by trying again: logged and reported, the key is not requeued. */
export class TerminalError extends Error {
  override name = "TerminalError";
}
