import type { KubeClient } from "../../kube/client.ts";
import { DAEMON_SETS, DEPLOYMENTS } from "../../kube/core_resources.ts";
import type { KubeObject, ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ControllerInformers } from "../informers.ts";
import { primaryKubeVirt } from "./configuration.ts";
import type { ComponentState, KubeVirtWorld } from "./world.ts";

const CONTROLLER_NAME = "denovirt-controller";
const NODE_AGENT_NAME = "denovirt-node";

export interface ObserveDependencies {
  client: KubeClient;
  informers: Pick<
    ControllerInformers,
    "kubevirts" | keyof WorkloadInformers
  >;
  /** Where the installation's own pods run. @default it has none: all of it is this process */
  namespace?: string;
  version: string;
  clock: Clock;
}

export async function observeKubeVirt(
  dependencies: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<KubeVirtWorld | undefined> {
  const { informers, version, clock } = dependencies;
  const kubevirt = informers.kubevirts.get(key);
  if (kubevirt === undefined) return undefined;
  return {
    now: clock.now().toISOString(),
    kubevirt,
    primary: primaryKubeVirt(informers.kubevirts.list()) ?? kubevirt,
    version,
    components: await readComponents(dependencies, signal),
    workloads: countWorkloads(informers),
  };
}

/** Caches of what runs guests. */
export type WorkloadInformers = Pick<
  ControllerInformers,
  "virtualMachines" | "virtualMachineInstances" | "replicaSets" | "pools"
>;

export function countWorkloads(informers: WorkloadInformers): number {
  const { virtualMachines, virtualMachineInstances, replicaSets, pools } = informers;
  return virtualMachines.size + virtualMachineInstances.size + replicaSets.size + pools.size;
}

interface Deployment extends KubeObject {
  spec?: { replicas?: number };
  status?: { readyReplicas?: number };
}

interface DaemonSet extends KubeObject {
  status?: { desiredNumberScheduled?: number; numberReady?: number };
}

async function readComponents(
  { client, namespace }: ObserveDependencies,
  signal: AbortSignal,
): Promise<ComponentState[]> {
  if (namespace === undefined) return [];
  const [deployment, daemonSet] = await Promise.all([
    client.get<Deployment>(DEPLOYMENTS, { namespace, name: CONTROLLER_NAME }, { signal }),
    client.get<DaemonSet>(DAEMON_SETS, { namespace, name: NODE_AGENT_NAME }, { signal }),
  ]);
  const components: ComponentState[] = [];
  if (deployment !== undefined) {
    components.push({
      name: `Deployment ${CONTROLLER_NAME}`,
      desired: deployment.spec?.replicas ?? 1,
      ready: deployment.status?.readyReplicas ?? 0,
    });
  }
  if (daemonSet !== undefined) {
    components.push({
      name: `DaemonSet ${NODE_AGENT_NAME}`,
      desired: daemonSet.status?.desiredNumberScheduled ?? 0,
      ready: daemonSet.status?.numberReady ?? 0,
    });
  }
  return components;
}
