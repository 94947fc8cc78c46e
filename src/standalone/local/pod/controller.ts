import { isObjectNotFound } from "../../../kube/kube_error.ts";
import type { Pod } from "../../../resources/core_objects.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { Controller, type EventSink } from "../../../runtime/controller.ts";
import type { Logger } from "../../../runtime/log.ts";
import type { MetricsRegistry } from "../../../runtime/metrics.ts";
import type { FailureReport, Reconciler } from "../../../runtime/reconciler.ts";
import { SandboxError } from "../pod_sandbox.ts";
import { VolumeError } from "../volumes/make_volumes.ts";
import type { PodActor } from "./act.ts";
import { decidePod, event } from "./decide.ts";
import { observePod, type ObserverOptions } from "./observe.ts";
import { PodSpecError } from "./sandbox_spec.ts";
import type { LocalPodStatus } from "./status.ts";
import type { PodAction, PodWorld } from "./world.ts";

export type PodController = Controller<PodWorld, PodAction, LocalPodStatus | undefined>;

export interface PodControllerOptions {
  observed: ObserverOptions;
  actor: PodActor;
  events: EventSink;
  logger: Logger;
  clock: Clock;
  metrics: MetricsRegistry;
}

/** Retries come soon at first: a claim is bound within a second. */
const BACKOFF = { baseMs: 200, maxMs: 30_000 };

/** Keyed by pod UID. Does nothing before `run(signal)`; the informers are run by the caller. */
export function createPodController(options: PodControllerOptions): PodController {
  const { actor, observed } = options;
  const reconciler: Reconciler<PodWorld, PodAction, LocalPodStatus | undefined> = {
    name: "local-kubelet",
    observe: (key) => observePod(observed, key),
    decide: decidePod,
    act: (action, world, signal) => actOn(actor, action, world, signal),
    writeStatus: (status, world, signal) => actor.writeStatus(status, world, signal),
    report,
  };
  const controller = new Controller({ ...options, reconciler, backoff: BACKOFF });
  controller.watch(observed.pods, (pod) => [{ name: pod.metadata.uid }]);
  controller.watch(observed.nodes, () => unboundOf(observed));
  return controller;
}

/** What is bound does not depend on what the node offers. */
function unboundOf({ pods }: ObserverOptions) {
  return pods.list().filter(({ spec }) => spec.nodeName === undefined)
    .map(({ metadata }) => ({ name: metadata.uid }));
}

async function actOn(
  actor: PodActor,
  action: PodAction,
  world: PodWorld,
  signal: AbortSignal,
): Promise<void> {
  try {
    await actor.act(action, world, signal);
  } catch (error) {
    // What was to be bound or deleted is gone: that is what a later pass will see.
    if (!isObjectNotFound(error)) throw error;
  }
}

/** What failed is told on the pod. */
function report(
  error: unknown,
  action: PodAction,
  { pod }: PodWorld,
): FailureReport<LocalPodStatus | undefined> {
  if (pod === undefined || action.type !== "start") return {};
  const message = error instanceof Error ? error.message : String(error);
  return { events: [event(pod as Pod, "Warning", reasonOf(error), message)] };
}

function reasonOf(error: unknown): string {
  if (error instanceof VolumeError) return "FailedMount";
  if (error instanceof PodSpecError) return "FailedCreate";
  return error instanceof SandboxError ? "Failed" : "FailedCreatePodSandBox";
}
