/**
 * What becomes of a node whose agent has fallen silent, and of its guests.
 *
 *   schedulable=true --heartbeat unchanged for 5 min--> schedulable=false   (the agent sets it to true again when it is back)
 *   node silent or removed, instance without a live pod -> Failed, NodeUnresponsive
 *
 * An instance whose pod still lives is left alone: the agent may be away while its guests run on, and a guest that is started
 * elsewhere while it still runs here would write to the same disks.
 */
import { NODE_UNRESPONSIVE_REASON } from "../../api/conditions.ts";
import { NODE_SCHEDULABLE_LABEL } from "../../api/labels.ts";
import { isFinalPhase } from "../../api/phases.ts";
import type { Decision, EventRecord } from "../../runtime/reconciler.ts";
import type { Pod } from "../core_objects.ts";
import type { InstanceOnNode, NodeAction, NodeWorld } from "./world.ts";

export type NodeDecision = Decision<NodeAction, undefined>;

/** Agents send one about each minute. */
export const HEARTBEAT_AGE_MS_MAX = 300_000;
/** How soon a silent node's guests are looked at again. */
const RECHECK_MS = 60_000;

export function decideNode(world: NodeWorld): NodeDecision {
  const remainingMs = heartbeatRemainingMs(world);
  if (remainingMs === undefined) return { actions: [], status: undefined };
  if (remainingMs > 0) return { actions: [], status: undefined, requeueAfterMs: remainingMs };
  const lost = world.instances.filter(isLost);
  const why = world.node === undefined
    ? `Node ${world.name} was removed from the cluster`
    : `The agent of node ${world.name} has not been heard of for more than 5 minutes`;
  const actions: NodeAction[] = lost.map(({ vmi }) => ({
    type: "fail_instance",
    vmi,
    message: why,
  }));
  const events = lost.map(({ vmi }) => unresponsive(vmi, why));
  const { node } = world;
  if (node?.metadata.labels?.[NODE_SCHEDULABLE_LABEL] === "true") {
    actions.unshift({ type: "mark_unschedulable" });
    events.unshift(unresponsive(node, `${why}: it takes no more guests`));
  }
  const isDone = world.instances.length === lost.length;
  return { actions, status: undefined, events, ...(!isDone && { requeueAfterMs: RECHECK_MS }) };
}

function unresponsive(regarding: EventRecord["regarding"], message: string): EventRecord {
  return { regarding, type: "Warning", reason: NODE_UNRESPONSIVE_REASON, message };
}

/**
 * How long the last heartbeat still counts; not above 0 when the node is silent or was removed. `undefined`: no agent has
 * ever been there. What time the heartbeat tells is of no interest: it is of another machine's clock.
 */
export function heartbeatRemainingMs(
  { node, heartbeatAgeMs }: Omit<NodeWorld, "instances">,
): number | undefined {
  if (node === undefined) return 0;
  return heartbeatAgeMs === undefined ? undefined : HEARTBEAT_AGE_MS_MAX - heartbeatAgeMs;
}

function isLost({ vmi, pods }: InstanceOnNode): boolean {
  return !isFinalPhase(vmi.status?.phase) && !pods.some(isLive);
}

/** A pod that is being deleted lives until the kubelet says otherwise. */
function isLive({ status }: Pod): boolean {
  return status?.phase !== "Succeeded" && status?.phase !== "Failed";
}
