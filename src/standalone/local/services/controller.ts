import type { KubeClient } from "../../../kube/client.ts";
import { SERVICES } from "../../../kube/core_resources.ts";
import { keyOf, type ObjectKey } from "../../../kube/object.ts";
import { CommandError, runCommand } from "../../../node/run_command.ts";
import type { Pod } from "../../../resources/core_objects.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { Controller, type EventSink } from "../../../runtime/controller.ts";
import type { Informer } from "../../../runtime/informer.ts";
import type { Logger } from "../../../runtime/log.ts";
import type { MetricsRegistry } from "../../../runtime/metrics.ts";
import type { Reconciler } from "../../../runtime/reconciler.ts";
import { nft } from "../network/apply_machine_network.ts";
import { type MachineNetwork, serviceTableOf } from "../network/machine_network.ts";
import { decideServices } from "./decide.ts";
import { hostListeners } from "./host_listeners.ts";
import { digestIn, renderNoForwards } from "./render.ts";
import type { LocalService, ServiceAction, ServicesWorld } from "./world.ts";

export type ServiceController = Controller<ServicesWorld, ServiceAction, undefined>;

export interface ServiceControllerOptions {
  client: KubeClient;
  services: Informer<LocalService>;
  pods: Informer<Pod>;
  network: MachineNetwork;
  /** Where ports of load balancers are; "*": on all of the machine's addresses. */
  balancerAddress: string;
  /** What their status says of it. */
  shownAddress: string;
  events: EventSink;
  logger: Logger;
  clock: Clock;
  metrics: MetricsRegistry;
}

/** The rules of all Services are one set, which is replaced as a whole. */
const KEY = { name: "services" };
const NFT_TIMEOUT_MS = 10_000;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createServiceController(options: ServiceControllerOptions): ServiceController {
  const { network, pods, services } = options;
  const reconciler: Reconciler<ServicesWorld, ServiceAction, undefined> = {
    name: "local-services",
    observe: observerOf(options),
    decide: (world) => decideServices(world, network),
    act: (action, _, signal) => actOnServices(action, { ...options, signal }),
    writeStatus: () => Promise.resolve(),
  };
  const controller = new Controller({ ...options, reconciler, workers: 1 });
  controller.watch(services, () => [KEY]);
  controller.watch(pods, () => [KEY]);
  // What an earlier process has left goes even if there is no Service any more.
  controller.enqueue(KEY);
  return controller;
}

/** Where there is no Service and no rule is left, pods may come and go without a look at the machine. */
function observerOf(options: ServiceControllerOptions) {
  let isClean = false;
  return async (_: ObjectKey, signal: AbortSignal): Promise<ServicesWorld | undefined> => {
    if (isClean && options.services.list().length === 0) return undefined;
    const world = await observeServices(options, signal);
    isClean = world.services.length === 0 && world.digest === undefined;
    return world;
  };
}

async function observeServices(
  options: ServiceControllerOptions,
  signal: AbortSignal,
): Promise<ServicesWorld> {
  const { balancerAddress, clock, network, pods, services, shownAddress } = options;
  const [digest, listeners] = await Promise.all([
    digestInForce(network, signal),
    services.list().length === 0 ? [] : hostListeners(signal),
  ]);
  return {
    now: clock.now().toISOString(),
    services: services.list(),
    pods: pods.list(),
    listeners,
    podRange: network.range,
    serviceRange: network.serviceRange,
    balancerAddress,
    shownAddress,
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Rules that are not ours to know have an empty digest. `undefined`: there is no table. */
async function digestInForce(
  network: MachineNetwork,
  signal: AbortSignal,
): Promise<string | undefined> {
  const command = ["nft", "list", "table", "ip", serviceTableOf(network)];
  try {
    const { stdout } = await runCommand(command, { timeoutMs: NFT_TIMEOUT_MS, signal });
    return digestIn(stdout) ?? "";
  } catch (error) {
    const isAbsent = error instanceof CommandError && /No such file/.test(error.message);
    if (isAbsent) return undefined;
    throw error;
  }
}

async function actOnServices(
  action: ServiceAction,
  { client, network, signal }: ServiceControllerOptions & { signal: AbortSignal },
): Promise<void> {
  switch (action.type) {
    case "apply_rules":
      return await nft(action.rules, signal);
    case "remove_rules":
      return await nft(renderNoForwards(network), signal);
    case "write_service_status": {
      const { service, status } = action;
      const { resourceVersion, uid } = service.metadata;
      const patch = {
        metadata: { uid, resourceVersion },
        status: {
          loadBalancer: status.loadBalancer ?? { ingress: null },
          conditions: status.conditions ?? null,
        },
      };
      await client.patch(SERVICES, keyOf(service), patch, { subresource: "status", signal });
    }
  }
}
