/**
 * The installation's own state, for `kubectl get kubevirt` and `kubectl wait kubevirt --for condition=Available`. Nothing is
 * installed or removed from here: manifests do that.
 *
 *   Deploying --all components ready--> Deployed --some not ready--> Deployed, Degraded=True
 *        |                                  |
 *        +-------------- deleted -----------+--> Deleting --> finalizer removed
 *                                                   ^  |
 *                                                   +--+ workloads exist, and uninstallStrategy says to keep them
 *   a second object -> Synchronized=False, ExistingDeployment, and nothing else
 */
import {
  ALL_COMPONENTS_READY_MESSAGE,
  KubeVirtConditionReason as Reason,
  KubeVirtConditionType as Type,
} from "../../api/conditions.ts";
import { KUBEVIRT_FINALIZER } from "../../api/labels.ts";
import { KubeVirtPhase } from "../../api/phases.ts";
import type { KubeVirt, KubeVirtCondition, KubeVirtStatus } from "../../api/kubevirt.ts";
import type { Decision } from "../../runtime/reconciler.ts";
import { withCondition, withoutCondition } from "../condition.ts";
import { effectiveConfiguration } from "./configuration.ts";
import { blocksUninstall } from "./uninstall.ts";
import type { ComponentState, KubeVirtAction, KubeVirtWorld } from "./world.ts";

export type KubeVirtDecision = Decision<KubeVirtAction, KubeVirtStatus>;

/** Components are not watched. */
const RECHECK_DEPLOYING_MS = 5_000;
const RECHECK_DEPLOYED_MS = 60_000;

export function decideKubeVirt(world: KubeVirtWorld): KubeVirtDecision {
  const { kubevirt, primary } = world;
  if (kubevirt.metadata.deletionTimestamp) return decideDeletion(world);
  return kubevirt.metadata.uid === primary.metadata.uid
    ? decideDeployment(world)
    : decideSecond(world);
}

function decideSecond({ kubevirt, primary, now }: KubeVirtWorld): KubeVirtDecision {
  const { namespace, name } = primary.metadata;
  const message =
    `There is a KubeVirt object already, ${namespace}/${name}: this one has no effect`;
  const wanted = { type: Type.Synchronized, status: "False", reason: Reason.ExistingDeployment };
  const conditions = withCondition(kubevirt.status?.conditions, { ...wanted, message }, now);
  return { actions: [], status: { ...kubevirt.status, conditions } };
}

function decideDeletion(world: KubeVirtWorld): KubeVirtDecision {
  const { kubevirt, workloads, now } = world;
  const status = kubevirt.status ?? {};
  if (!hasFinalizer(kubevirt)) return { actions: [], status };
  if (!blocksUninstall(kubevirt, workloads)) {
    const conditions = deletionConditions(world);
    return {
      actions: [],
      status: { ...status, phase: KubeVirtPhase.Deleting, conditions },
      actionsAfterStatus: [{ type: "remove_finalizer" }],
    };
  }
  const message = `Not removed while ${workloads} virtual machines and instances exist: ` +
    `uninstallStrategy is ${kubevirt.spec.uninstallStrategy}`;
  const wanted = { type: Type.Degraded, status: "True", reason: Reason.DeletionFailed, message };
  return {
    actions: [],
    status: {
      ...status,
      phase: KubeVirtPhase.Deleting,
      conditions: withCondition(status.conditions, wanted, now),
    },
    requeueAfterMs: RECHECK_DEPLOYING_MS,
  };
}

/** Nothing is removed from here, so what is being deleted is gone at once. */
function deletionConditions({ kubevirt, now }: KubeVirtWorld): KubeVirtCondition[] {
  const told = { reason: Reason.DeletionInProgress, message: "Deletion was triggered" };
  const wanted = [
    { type: Type.Available, status: "False", ...told },
    { type: Type.Progressing, status: "False", ...told },
    { type: Type.Degraded, status: "True", ...told },
  ];
  const known = withoutCondition(
    withoutCondition(kubevirt.status?.conditions, Type.Created),
    Type.Synchronized,
  );
  return wanted.reduce((conditions, each) => withCondition(conditions, each, now), known);
}

function decideDeployment(world: KubeVirtWorld): KubeVirtDecision {
  const { kubevirt, version } = world;
  const missing = world.components.filter(({ ready, desired }) => ready < desired);
  const wasDeployed = kubevirt.status?.phase === KubeVirtPhase.Deployed;
  const isDeployed = wasDeployed || missing.length === 0;
  const generation = kubevirt.metadata.generation ?? 1;
  return {
    actions: hasFinalizer(kubevirt) ? [] : [{ type: "add_finalizer" }],
    status: {
      ...kubevirt.status,
      phase: isDeployed ? KubeVirtPhase.Deployed : KubeVirtPhase.Deploying,
      conditions: deploymentConditions(world, { missing, isDeployed }),
      operatorVersion: version,
      targetKubeVirtVersion: version,
      ...(isDeployed && { observedKubeVirtVersion: version }),
      observedGeneration: generation,
      defaultArchitecture: effectiveConfiguration(kubevirt).defaultArchitecture,
      outdatedVirtualMachineInstanceWorkloads: 0,
    },
    requeueAfterMs: missing.length === 0 ? RECHECK_DEPLOYED_MS : RECHECK_DEPLOYING_MS,
  };
}

function deploymentConditions(
  { kubevirt, now }: KubeVirtWorld,
  { missing, isDeployed }: { missing: readonly ComponentState[]; isDeployed: boolean },
): KubeVirtCondition[] {
  const isReady = missing.length === 0;
  const reason = isReady ? Reason.AllComponentsReady : Reason.DeploymentInProgress;
  const message = isReady ? ALL_COMPONENTS_READY_MESSAGE : `Not ready: ${listed(missing)}`;
  const created = {
    type: Type.Created,
    status: "True",
    reason: Reason.AllResourcesCreated,
    message: "All resources were created.",
  };
  const wanted = [
    created,
    // One ready pod of each serves; what is missing then is capacity.
    {
      type: Type.Available,
      status: truth(isReady || isDeployed && serves(missing)),
      reason,
      message,
    },
    { type: Type.Progressing, status: truth(!isReady), reason, message },
    { type: Type.Degraded, status: truth(!isReady && isDeployed), reason, message },
  ];
  const known = withoutCondition(kubevirt.status?.conditions, Type.Synchronized);
  return wanted.reduce((conditions, each) => withCondition(conditions, each, now), known);
}

function serves(missing: readonly ComponentState[]): boolean {
  return missing.every(({ ready }) => ready > 0);
}

function listed(components: readonly ComponentState[]): string {
  return components.map(({ name, ready, desired }) => `${name} (${ready} of ${desired})`).join(
    ", ",
  );
}

function truth(value: boolean): string {
  return value ? "True" : "False";
}

function hasFinalizer({ metadata }: KubeVirt): boolean {
  return metadata.finalizers?.includes(KUBEVIRT_FINALIZER) === true;
}
