/** The labels by which the scheduler finds a node for a guest. Pure. */
import {
  CPU_FEATURE_LABEL_PREFIX,
  CPU_MODEL_LABEL_PREFIX,
  CPU_MODEL_MIGRATION_LABEL_PREFIX,
  CPU_VENDOR_LABEL_PREFIX,
  HOST_MODEL_CPU_LABEL_PREFIX,
  HOST_MODEL_REQUIRED_FEATURES_LABEL_PREFIX,
  LABELLER_OBSOLETE_HOST_MODEL_ANNOTATION as OBSOLETE_HOST_MODEL_LABEL,
  MACHINE_TYPE_LABEL_PREFIX,
} from "../../api/labels.ts";
import type { NodeCapabilities } from "./capabilities.ts";

export type Labels = Record<string, string>;

/** Every label that starts so is ours: to set, and to take away. */
const OURS = [
  CPU_FEATURE_LABEL_PREFIX,
  CPU_MODEL_LABEL_PREFIX,
  CPU_MODEL_MIGRATION_LABEL_PREFIX,
  CPU_VENDOR_LABEL_PREFIX,
  HOST_MODEL_CPU_LABEL_PREFIX,
  HOST_MODEL_REQUIRED_FEATURES_LABEL_PREFIX,
  MACHINE_TYPE_LABEL_PREFIX,
  OBSOLETE_HOST_MODEL_LABEL,
];
/** What Kubernetes takes behind the slash. */
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `obsolete`: CPU models that nobody should depend on any more. */
export function nodeLabels(
  { models, features, machines, hostModel }: NodeCapabilities,
  obsolete: ReadonlySet<string>,
): Labels {
  const current = models.filter((model) => !obsolete.has(model));
  return {
    ...labelled(CPU_FEATURE_LABEL_PREFIX, features),
    ...labelled(CPU_MODEL_LABEL_PREFIX, current),
    ...labelled(CPU_MODEL_MIGRATION_LABEL_PREFIX, current),
    ...labelled(MACHINE_TYPE_LABEL_PREFIX, machines),
    ...(hostModel !== undefined && hostModelLabels(hostModel, obsolete)),
  };
}

function hostModelLabels(
  { name, vendor, requiredFeatures }: NonNullable<NodeCapabilities["hostModel"]>,
  obsolete: ReadonlySet<string>,
): Labels {
  return {
    ...labelled(HOST_MODEL_CPU_LABEL_PREFIX, [name]),
    ...labelled(HOST_MODEL_REQUIRED_FEATURES_LABEL_PREFIX, requiredFeatures),
    ...labelled(CPU_VENDOR_LABEL_PREFIX, vendor === undefined ? [] : [vendor]),
    ...(obsolete.has(name)
      ? { [OBSOLETE_HOST_MODEL_LABEL]: "true" }
      : labelled(CPU_MODEL_MIGRATION_LABEL_PREFIX, [name])),
  };
}

function labelled(prefix: string, names: readonly string[]): Labels {
  return Object.fromEntries(
    names.filter((name) => NAME.test(name)).map((name) => [`${prefix}${name}`, "true"]),
  );
}

/** What is to be changed: `null` takes a label away. `undefined`: nothing. */
export function labelChanges(
  present: Readonly<Labels>,
  wanted: Readonly<Labels>,
): Record<string, string | null> | undefined {
  const stale = Object.keys(present).filter((key) => isOurs(key) && !Object.hasOwn(wanted, key));
  const changes = {
    ...Object.fromEntries(stale.map((key) => [key, null])),
    ...Object.fromEntries(Object.entries(wanted).filter(([key, value]) => present[key] !== value)),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function isOurs(key: string): boolean {
  return OURS.some((prefix) => key.startsWith(prefix));
}
