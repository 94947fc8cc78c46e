/**
 * Deliberate faults of the product. Each is one that somebody could write, and each must be noticed: they show of every
 * invariant that it can fail, so that a hundred thousand schedules without a finding say something.
 */
import { NODE_HEARTBEAT_ANNOTATION } from "../../src/api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import { isFinalPhase } from "../../src/api/phases.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { withoutOurFinalizers } from "../../src/resources/virtual_machine_instance/finalizers.ts";
import type { Invariant } from "./invariants.ts";
import {
  altered,
  alteredClient,
  believingItsCache,
  deciding,
  type Mutation,
  seeing,
  without,
} from "./mutation.ts";

export interface ListedMutation extends Mutation {
  name: string;
  /** What notices it. */
  caughtBy: Invariant;
  /** A schedule in which it is noticed. Others of the next ones may do as well. */
  seed: number;
}

const UNHELD: Mutation["virtualMachineInstance"] = deciding(({ status: state }) => ({
  status: { ...state, finalizers: withoutOurFinalizers(state.finalizers) },
}));

const OF_VMS: readonly ListedMutation[] = [
  {
    name: "a VM goes when the end of its instance has begun",
    caughtBy: "no VM goes before its instance",
    seed: 2,
    virtualMachine: (reconciler) =>
      altered(reconciler, {
        decide: ({ vmi, ...world }) =>
          reconciler.decide(
            vmi === undefined || vmi.metadata.deletionTimestamp ? world : { ...world, vmi },
          ),
      }),
    controllerClient: (client) =>
      alteredClient(client, {
        get: async <T extends KubeObject>(...[resource, key]: Parameters<KubeClient["get"]>) =>
          resource === VIRTUAL_MACHINE_INSTANCES ? undefined : await client.get<T>(resource, key),
      }),
  },
  {
    name: "a VM keeps its finalizer",
    caughtBy: "deletions end",
    seed: 2,
    virtualMachine: without(({ type }) => type === "remove_finalizer"),
  },
  {
    name: "Halted does not halt",
    caughtBy: "run strategies are followed",
    seed: 10,
    virtualMachine: without((action) =>
      action.type === "delete_vmi" && action.why === "it is halted"
    ),
  },
  {
    name: "a stop is not heard",
    caughtBy: "requests are carried out",
    seed: 2,
    virtualMachine: without((action) =>
      action.type === "delete_vmi" && action.why === "a stop was asked for"
    ),
  },
  {
    name: "a guest that has ended is not started again",
    caughtBy: "run strategies are followed",
    seed: 5,
    virtualMachine: without((action) =>
      action.type === "delete_vmi" && action.why.startsWith("the instance has ended")
    ),
  },
  {
    name: "an instance without owner is not adopted",
    caughtBy: "run strategies are followed",
    seed: 1,
    virtualMachine: without(({ type }) => type === "adopt_vmi"),
  },
  {
    name: "a revision belongs to nobody",
    caughtBy: "revisions go with their VMs",
    seed: 1,
    virtualMachine: deciding(({ actions }) => ({
      actions: actions.map((action) => {
        if (action.type !== "create_revision") return action;
        const { ownerReferences: _, ...metadata } = action.revision.metadata;
        return { ...action, revision: { ...action.revision, metadata } };
      }),
    })),
  },
  {
    name: "a restart is never asked for",
    caughtBy: "statuses of VMs are true",
    seed: 47,
    virtualMachine: deciding(({ status }) => ({
      status: {
        ...status,
        conditions: (status.conditions ?? []).filter(({ type }) => type !== "RestartRequired"),
      },
    })),
  },
  {
    name: "the whole status is written in each pass",
    caughtBy: "no write says what is there already",
    seed: 1,
    virtualMachine: (reconciler) =>
      altered(reconciler, {
        writeStatus: (status, world, ...rest) => {
          const vm = { ...world.vm, status: {} };
          return reconciler.writeStatus(status, { ...world, vm }, ...rest);
        },
      }),
  },
  {
    name: "each instance is created twice",
    caughtBy: "no write is repeated",
    seed: 2,
    virtualMachine: (reconciler) =>
      altered(reconciler, {
        act: async (action, ...rest) => {
          await reconciler.act(action, ...rest);
          if (action.type === "create_vmi") await reconciler.act(action, ...rest);
        },
      }),
  },
  {
    name: "objects are deleted by name alone",
    caughtBy: "deletions name a UID",
    seed: 2,
    controllerClient: (client) =>
      alteredClient(client, {
        delete: (resource, key, { preconditions: _, ...options } = {}) =>
          client.delete(resource, key, options),
      }),
  },
  {
    name: "a new VM is more than can be decided on",
    caughtBy: "no bug is logged",
    seed: 1,
    virtualMachine: deciding(({ status }, { vm }) => {
      if (vm.status === undefined) throw new TypeError("Cannot read properties of undefined");
      return { status };
    }),
  },
  {
    name: "a VM is looked at again and again",
    caughtBy: "time goes on",
    seed: 4,
    virtualMachine: deciding(() => ({ requeueAfterMs: 1 })),
  },
];

const OF_INSTANCES: readonly ListedMutation[] = [
  {
    name: "a pod that does not run yet counts as gone",
    caughtBy: "no pod that is there is told lost",
    seed: 4,
    virtualMachineInstance: seeing(({ pods }) => ({
      pods: pods.filter(({ status }) => status?.phase !== "Pending"),
    })),
  },
  {
    name: "a pod that ends counts as gone",
    caughtBy: "no end is told of a guest that runs",
    seed: 19,
    virtualMachineInstance: seeing(({ pods }) => ({
      pods: pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    })),
  },
  {
    name: "an instance that has ended is let go while its pod runs",
    caughtBy: "no instance goes before its pod",
    seed: 2,
    virtualMachineInstance: deciding(({ status: state }) => ({
      status: isFinalPhase(state.status.phase)
        ? { ...state, finalizers: withoutOurFinalizers(state.finalizers) }
        : state,
    })),
  },
  {
    name: "nothing holds an instance",
    caughtBy: "no instance goes before its guest",
    seed: 4,
    virtualMachineInstance: UNHELD,
  },
  {
    name: "nothing holds an instance, and nobody asks for it before its guest is started",
    caughtBy: "one guest of a name at a time",
    seed: 118,
    virtualMachineInstance: UNHELD,
    agentClient: believingItsCache(VIRTUAL_MACHINE_INSTANCES),
  },
  {
    name: "an instance that has ended is held for ever",
    caughtBy: "instances that have ended are let go",
    seed: 24,
    virtualMachineInstance: deciding(({ status: state }, { vmi }) => ({
      status: { ...state, finalizers: vmi.metadata.finalizers ?? [] },
    })),
  },
  {
    name: "each attempt makes a pod of another name",
    caughtBy: "one pod of an instance at a time",
    seed: 71,
    virtualMachineInstance: deciding(({ actions }) => ({
      actions: actions.map((action) => {
        if (action.type !== "create_pod") return action;
        const { metadata } = action.pod;
        const name = `${metadata.name}-${crypto.randomUUID().slice(0, 5)}`;
        return { ...action, pod: { ...action.pod, metadata: { ...metadata, name } } };
      }),
    })),
  },
  {
    name: "a pod's object is taken away at once",
    caughtBy: "no instance goes before its pod",
    seed: 2,
    virtualMachineInstance: deciding(({ actions }) => ({
      actions: actions.map((action) =>
        action.type === "delete_pod" ? { ...action, gracePeriodSeconds: 0 } : action
      ),
    })),
  },
  {
    name: "pods are never deleted",
    caughtBy: "deletions end",
    seed: 2,
    virtualMachineInstance: without(({ type }) => type === "delete_pod"),
  },
  {
    name: "nobody ends a pod",
    caughtBy: "pods do as their instances",
    seed: 2,
    virtualMachineInstance: without(({ type }) => type === "delete_pod"),
    agent: without(({ type }, { vmi }) =>
      type === "release_envelope" && isFinalPhase(vmi.status?.phase)
    ),
  },
  {
    name: "an instance is not handed over",
    caughtBy: "instances run",
    seed: 1,
    virtualMachineInstance: deciding(({ status: state }, { vmi }) => ({
      status: state.status.phase === "Scheduled" && vmi.status?.phase !== "Scheduled"
        ? {
          labels: vmi.metadata.labels ?? {},
          finalizers: state.finalizers,
          status: vmi.status ?? {},
        }
        : state,
    })),
  },
  {
    name: "an instance that has ended begins anew",
    caughtBy: "final phases are final",
    seed: 2,
    virtualMachineInstance: deciding(({ status: state }) => ({
      status: isFinalPhase(state.status.phase)
        ? { ...state, status: { ...state.status, phase: "Pending" } }
        : state,
    })),
  },
  {
    name: "an object is written whatever it has become meanwhile",
    caughtBy: "no write says what is there already",
    seed: 37,
    controllerClient: (client) =>
      alteredClient(client, {
        patch: <T extends KubeObject>(
          ...[resource, key, patch, options]: Parameters<KubeClient["patch"]>
        ) => {
          const { metadata: { resourceVersion: _, ...metadata }, ...rest } = patch as KubeObject;
          return client.patch<T>(resource, key, { metadata, ...rest }, options);
        },
      }),
  },
  {
    name: "a write that was refused is not tried again",
    caughtBy: "instances run",
    seed: 6,
    virtualMachineInstance: (reconciler) =>
      altered(reconciler, {
        writeStatus: (...written) => reconciler.writeStatus(...written).catch(() => {}),
      }),
  },
];

const OF_NODES: readonly ListedMutation[] = [
  {
    name: "a silent node is taken for dead",
    caughtBy: "no end is told of a guest that runs",
    seed: 85,
    node: seeing(({ instances }) => ({
      instances: instances.map((instance) => ({ ...instance, pods: [] })),
    })),
  },
  {
    name: "a heartbeat is as old as the clock of its node says",
    caughtBy: "no node is given up early",
    seed: 2,
    node: seeing(({ node, now }) => {
      const heartbeat = node?.metadata.annotations?.[NODE_HEARTBEAT_ANNOTATION];
      if (heartbeat === undefined) return {};
      return { heartbeatAgeMs: Date.parse(now) - Date.parse(heartbeat) };
    }),
  },
];

const OF_AGENTS: readonly ListedMutation[] = [
  {
    name: "unknown is absent",
    caughtBy: "no end is told of a guest that runs",
    seed: 24,
    agent: seeing(({ domain }) => ({
      domain: domain.kind === "unknown" ? { kind: "absent" } : domain,
    })),
  },
  {
    name: "a guest that cannot be looked at has succeeded",
    caughtBy: "no end is told of a guest that runs",
    seed: 24,
    agent: deciding(({ status }, { domain, vmi }) => ({
      status: domain.kind === "unknown" && vmi.status?.phase === "Running"
        ? { ...status, phase: "Succeeded" }
        : status,
    })),
  },
  {
    name: "a crash is a success",
    caughtBy: "a success is told of a guest that shut down",
    seed: 2,
    agent: deciding(({ status }) => ({
      status: status.phase === "Failed" ? { ...status, phase: "Succeeded" } : status,
    })),
  },
  {
    name: "a launch is told before it is done",
    caughtBy: "Running is told of a guest that was started",
    seed: 4,
    agent: deciding(({ actions, status }) => ({
      status: actions.some(({ type }) => type === "launch")
        ? { ...status, phase: "Running" }
        : status,
    })),
  },
  {
    name: "a guest that was killed is started again",
    caughtBy: "no guest is started again after it was told to run",
    seed: 44,
    agent: (reconciler) =>
      altered(reconciler, {
        decide: (world) => {
          const { domain, vmi } = world;
          const isLost = domain.kind === "gone" || domain.kind === "absent";
          if (!isLost || vmi.status?.phase !== "Running") return reconciler.decide(world);
          const scheduled = { ...vmi, status: { ...vmi.status, phase: "Scheduled" } };
          return { ...reconciler.decide({ ...world, vmi: scheduled }), status: vmi.status };
        },
      }),
  },
  {
    name: "what failed for good is tried again",
    caughtBy: "no guest is started of an instance that has ended",
    seed: 167,
    agent: deciding(({ actions }, { domain, envelope, vmi }) => {
      const isOver = isFinalPhase(vmi.status?.phase) && domain.kind === "absent";
      return { actions: isOver && envelope.kind === "connected" ? [{ type: "launch" }] : actions };
    }),
  },
  {
    name: "a guest is ended without its grace period",
    caughtBy: "no guest is ended early",
    seed: 5,
    agent: deciding(({ actions }) => ({
      actions: actions.map((action) => action.type === "shutdown" ? { type: "destroy" } : action),
    })),
  },
  {
    name: "a guest that does not shut down runs on",
    caughtBy: "deletions end",
    seed: 46,
    agent: without(({ type }) => type === "destroy"),
  },
  {
    name: "what is left of a guest is never removed",
    caughtBy: "machines keep nothing",
    seed: 24,
    agent: without(({ type }) => type === "forget"),
  },
  {
    name: "a readiness gate stays as it was made",
    caughtBy: "readiness gates do as their guests",
    seed: 1,
    agent: without(({ type }) => type === "set_readiness_gate"),
  },
  {
    name: "a pause is not told",
    caughtBy: "conditions of instances are true",
    seed: 6,
    agent: deciding(({ status }) => ({
      status: {
        ...status,
        conditions: (status.conditions ?? []).filter(({ type }) => type !== "Paused"),
      },
    })),
  },
  {
    name: "a start is told in each pass",
    caughtBy: "what happens once is told once",
    seed: 1,
    agent: deciding(({ events = [] }, { vmi }) => ({
      events: [...events, { regarding: vmi, type: "Normal", reason: "Started", message: "" }],
    })),
  },
  {
    name: "the minute of the last look is in the status",
    caughtBy: "the world comes to rest",
    seed: 1,
    agent: deciding(({ status }, { now }) => ({
      status: {
        ...status,
        conditions: (status.conditions ?? []).map((each) => ({
          ...each,
          lastProbeTime: `${now.slice(0, "2026-01-01T00:00".length)}:00Z`,
        })),
      },
    })),
  },
];

export const MUTATIONS: readonly ListedMutation[] = [
  ...OF_VMS,
  ...OF_INSTANCES,
  ...OF_NODES,
  ...OF_AGENTS,
];
