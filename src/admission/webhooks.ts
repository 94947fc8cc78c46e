/** Which question is asked where, and its answer: a function of the request, the cluster's settings and fresh values. */
import { VirtualMachineInstancetype } from "../api/instancetype.ts";
import { KubeVirt } from "../api/kubevirt.ts";
import { VirtualMachineInstanceMigration } from "../api/migration.ts";
import { MigrationPolicy } from "../api/migration_policy.ts";
import { VirtualMachinePool } from "../api/pool.ts";
import { VirtualMachineInstancePreset } from "../api/preset.ts";
import { VirtualMachinePreference } from "../api/preference.ts";
import { VirtualMachineInstanceReplicaSet } from "../api/replica_set.ts";
import { VirtualMachine } from "../api/virtual_machine.ts";
import { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { Cause } from "../resources/cause.ts";
import type { ClusterDefaults } from "../resources/cluster_defaults.ts";
import { validateDeletion } from "../resources/kubevirt/uninstall.ts";
import {
  deprecationWarnings as kubeVirtWarnings,
  validateKubeVirt,
} from "../resources/kubevirt/validate.ts";
import { deepEqual } from "../resources/deep_equal.ts";
import { sizeOf } from "../resources/instancetype/found.ts";
import { withInferences } from "../resources/instancetype/inferred.ts";
import {
  instancetypeWarnings,
  preferenceWarnings,
  validateInstancetype,
  validatePreference,
} from "../resources/instancetype/validate.ts";
import { validateMatchers } from "../resources/instancetype/validate_matcher.ts";
import { validateMigrationPolicy } from "../resources/migration_policy/validate.ts";
import { hasMatchers } from "../resources/instancetype/matcher.ts";
import { defaultVirtualMachine } from "../resources/virtual_machine/defaults.ts";
import {
  deprecationWarnings,
  validateVirtualMachine,
} from "../resources/virtual_machine/validate.ts";
import { defaultVirtualMachineInstance } from "../resources/virtual_machine_instance/defaults.ts";
import {
  validateCreation,
  validateUpdate,
} from "../resources/virtual_machine_instance/validate_object.ts";
import { defaultMigration } from "../resources/virtual_machine_instance_migration/defaults.ts";
import {
  validateMigrationCreation,
  validateMigrationUpdate,
} from "../resources/virtual_machine_instance_migration/validate.ts";
import {
  applyPresets,
  DEPRECATION_WARNING,
} from "../resources/virtual_machine_instance_preset/apply_presets.ts";
import { validatePreset } from "../resources/virtual_machine_instance_preset/validate.ts";
import { validateReplicaSet } from "../resources/virtual_machine_instance_replica_set/validate.ts";
import { validatePool } from "../resources/virtual_machine_pool/validate.ts";
import type { AdmissionRequest, AdmissionVerdict } from "./admission_review.ts";
import { jsonPatch } from "./json_patch.ts";
import type { AdmissionLookups } from "./lookups.ts";
import { parseObject } from "./parse_object.ts";
import type { SizeLookup } from "./size_lookup.ts";

export interface AdmissionContext {
  cluster: ClusterDefaults;
  /** RFC 3339, whole seconds. */
  now: string;
  uuid: string;
  serial: string;
  /** Names of the installation's own service accounts. */
  installationUsers: readonly string[];
  lookups: AdmissionLookups;
  /** What the VM that is judged refers to. */
  sizes: SizeLookup;
}

type Webhook = (
  request: AdmissionRequest,
  context: AdmissionContext,
) => AdmissionVerdict | Promise<AdmissionVerdict>;

const ALLOWED: AdmissionVerdict = { allowed: true };

/** By path. */
export const WEBHOOKS: Readonly<Record<string, Webhook>> = {
  "/virtualmachines-mutate": mutateVirtualMachine,
  "/virtualmachines-validate": admitVirtualMachine,
  "/virtualmachineinstances-mutate": mutateVirtualMachineInstance,
  "/virtualmachineinstances-validate": admitVirtualMachineInstance,
  "/virtualmachineinstancereplicasets-validate": admitReplicaSet,
  "/virtualmachinepools-validate": admitPool,
  "/vmipreset-validate": admitPreset,
  "/migration-create-mutate": mutateMigration,
  "/migration-validate-create": admitMigrationCreation,
  "/migration-validate-update": admitMigrationUpdate,
  "/migration-policy-validate-create": admitMigrationPolicy,
  "/virtualmachineinstancetypes-validate": admitInstancetype,
  "/virtualmachinepreferences-validate": admitPreference,
  "/kubevirts-validate": admitKubeVirt,
};

async function mutateVirtualMachine(
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<AdmissionVerdict> {
  const { operation, object: raw } = request;
  if (operation !== "CREATE" && operation !== "UPDATE") return ALLOWED;
  if (isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(raw, VirtualMachine);
  // What has the wrong shape is refused by the API server's own schema right after this.
  if ("causes" in parsed) return ALLOWED;
  const old = oldObject(request, VirtualMachine);
  if (!refersAnew(parsed.object, old)) {
    const wanted = defaultVirtualMachine(parsed.object, { ...context, operation });
    return { allowed: true, patch: jsonPatch(raw, wanted) };
  }
  const wrong = validateMatchers(parsed.object, old);
  if (wrong.length > 0) return { allowed: false, causes: wrong };
  const inferred = withInferences(parsed.object, await context.sizes.infer(parsed.object));
  if ("causes" in inferred) return { allowed: false, causes: inferred.causes };
  const { preference } = sizeOf(await context.sizes.find(inferred.vm));
  const wanted = defaultVirtualMachine(inferred.vm, { ...context, operation, preference });
  return { allowed: true, patch: jsonPatch(raw, wanted) };
}

/** Whether what the VM refers to may matter for the answer. What is stored already has been judged. */
function refersAnew(vm: VirtualMachine, old: VirtualMachine | undefined): boolean {
  return hasMatchers(vm) && (old === undefined || !deepEqual(vm.spec, old.spec));
}

function mutateVirtualMachineInstance(
  request: AdmissionRequest,
  context: AdmissionContext,
): AdmissionVerdict {
  if (request.operation !== "CREATE") return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstance);
  if ("causes" in parsed) return ALLOWED;
  const presets = context.lookups.presetsIn(request.namespace ?? "");
  const applied = applyPresets(parsed.object, presets);
  if ("causes" in applied) return { allowed: false, causes: applied.causes };
  const { vmi, warnings } = applied;
  const wanted = defaultVirtualMachineInstance(vmi, context);
  return { allowed: true, patch: jsonPatch(request.object, wanted), warnings };
}

async function admitVirtualMachine(
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<AdmissionVerdict> {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachine);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const old = oldObject(request, VirtualMachine);
  const vm = parsed.object;
  const found = refersAnew(vm, old) ? await context.sizes.find(vm) : {};
  const causes = validateVirtualMachine({ vm, old, found, defaults: context });
  return verdict(causes, deprecationWarnings(parsed.object));
}

function admitVirtualMachineInstance(
  request: AdmissionRequest,
  context: AdmissionContext,
): AdmissionVerdict {
  if (request.operation === "DELETE") return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstance);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const isInstallation = context.installationUsers.includes(request.userInfo.username ?? "");
  const requester = { isInstallation };
  const old = oldObject(request, VirtualMachineInstance);
  return verdict(
    old === undefined
      ? validateCreation(parsed.object, { cluster: context.cluster, requester })
      : validateUpdate(parsed.object, { old, requester }),
  );
}

function admitReplicaSet(request: AdmissionRequest, context: AdmissionContext): AdmissionVerdict {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstanceReplicaSet);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const old = oldObject(request, VirtualMachineInstanceReplicaSet);
  return verdict(validateReplicaSet({ set: parsed.object, old, defaults: context }));
}

function admitPool(request: AdmissionRequest, context: AdmissionContext): AdmissionVerdict {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachinePool);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const old = oldObject(request, VirtualMachinePool);
  return verdict(validatePool({ pool: parsed.object, old, defaults: context }));
}

function admitPreset(request: AdmissionRequest): AdmissionVerdict {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstancePreset);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  return verdict(validatePreset(parsed.object), [DEPRECATION_WARNING]);
}

function mutateMigration(request: AdmissionRequest): AdmissionVerdict {
  if (request.operation !== "CREATE") return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstanceMigration);
  if ("causes" in parsed) return ALLOWED;
  return { allowed: true, patch: jsonPatch(request.object, defaultMigration(parsed.object)) };
}

async function admitMigrationCreation(
  request: AdmissionRequest,
  { lookups }: AdmissionContext,
): Promise<AdmissionVerdict> {
  const parsed = parseObject(request.object, VirtualMachineInstanceMigration);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const { spec: { vmiName = "" } } = parsed.object;
  const key = { namespace: request.namespace ?? "", name: vmiName };
  const vmi = vmiName === "" ? undefined : await lookups.instance(key);
  const others = lookups.migrationsOf(key);
  const migration = {
    ...parsed.object,
    metadata: { ...parsed.object.metadata, namespace: key.namespace },
  };
  return verdict(validateMigrationCreation({ migration, vmi, others }));
}

function admitMigrationUpdate(request: AdmissionRequest): AdmissionVerdict {
  if (request.operation !== "UPDATE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstanceMigration);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const old = oldObject(request, VirtualMachineInstanceMigration);
  return verdict(old === undefined ? [] : validateMigrationUpdate(parsed.object, old));
}

function admitMigrationPolicy(request: AdmissionRequest): AdmissionVerdict {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, MigrationPolicy);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  return verdict(validateMigrationPolicy(parsed.object));
}

function admitInstancetype(request: AdmissionRequest): AdmissionVerdict {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachineInstancetype);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const { spec } = parsed.object;
  return verdict(validateInstancetype(spec), instancetypeWarnings(spec));
}

function admitPreference(request: AdmissionRequest): AdmissionVerdict {
  if (request.operation === "DELETE" || isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, VirtualMachinePreference);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const { spec } = parsed.object;
  return verdict(validatePreference(spec), preferenceWarnings(spec));
}

function admitKubeVirt(
  request: AdmissionRequest,
  { lookups }: AdmissionContext,
): AdmissionVerdict {
  if (request.operation === "DELETE") {
    const doomed = parseObject(request.oldObject, KubeVirt);
    if ("causes" in doomed) return ALLOWED;
    return verdict(validateDeletion(doomed.object, lookups.workloads()));
  }
  if (isBeingDeleted(request)) return ALLOWED;
  const parsed = parseObject(request.object, KubeVirt);
  if ("causes" in parsed) return { allowed: false, causes: parsed.causes };
  const old = oldObject(request, KubeVirt);
  return verdict(validateKubeVirt(parsed.object, old), kubeVirtWarnings(parsed.object));
}

function verdict(causes: readonly Cause[], warnings: readonly string[] = []): AdmissionVerdict {
  return causes.length === 0 ? { allowed: true, warnings } : { allowed: false, causes };
}

/** `undefined` at creation, and for a stored object of another shape: it is then judged as a new one. */
function oldObject<T>(
  request: AdmissionRequest,
  schema: Parameters<typeof parseObject<T>>[1],
): T | undefined {
  if (request.operation !== "UPDATE") return undefined;
  const parsed = parseObject(request.oldObject, schema);
  return "object" in parsed ? parsed.object : undefined;
}

/** Then only finalizers are removed, and nothing may stand in the way of that. */
function isBeingDeleted(request: AdmissionRequest): boolean {
  const metadata = request.object?.metadata as { deletionTimestamp?: unknown } | undefined;
  return typeof metadata?.deletionTimestamp === "string";
}
