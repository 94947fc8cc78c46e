/** What every controller is made from. */
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { EventSink } from "../runtime/controller.ts";
import type { Logger } from "../runtime/log.ts";
import type { MetricsRegistry } from "../runtime/metrics.ts";
import type { KnownRevisions } from "./instancetype/known_revisions.ts";
import type { ControllerInformers } from "./informers.ts";

export interface ControllerDependencies {
  client: KubeClient;
  informers: ControllerInformers;
  events: EventSink;
  logger: Logger;
  /** Of the process: it outlasts a term. @default one of this controller's own */
  knownRevisions?: KnownRevisions;
  /** @default the system's clock */
  clock?: Clock;
  /** After the stop, passes may finish for this long. @default that of the loop */
  drainMs?: number;
  /** @default a registry of its own */
  metrics?: MetricsRegistry;
}
