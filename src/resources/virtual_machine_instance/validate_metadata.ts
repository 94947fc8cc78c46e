/** Labels and annotations that a VMI must not be made with: on the VMI itself, and in the template of what makes it. */
import type { ObjectMeta } from "../../api/k8s_meta.ts";
import {
  CREATED_BY_LABEL,
  HOOK_SIDECARS_ANNOTATION,
  IGNITION_ANNOTATION,
  MIGRATION_JOB_UID_LABEL,
  MIGRATION_TARGET_NODE_NAME_LABEL,
  NODE_NAME_LABEL,
  NODE_SCHEDULABLE_LABEL,
} from "../../api/labels.ts";
import { type Cause, invalid, notSupported } from "../cause.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";

/** Metadata and where it stands in its object. */
export interface MetadataSubject {
  metadata: Pick<ObjectMeta, "labels" | "annotations">;
  /** "metadata" of a VMI, "spec.template.metadata" of a VM. */
  field: string;
  cluster: ClusterDefaults;
}

type MetadataRule = (subject: MetadataSubject) => Cause[];

const RULES: readonly MetadataRule[] = [gatedAnnotations];

/** Labels that say where a guest is: only the installation may set them. */
const RESERVED_LABELS: readonly string[] = [
  CREATED_BY_LABEL,
  MIGRATION_JOB_UID_LABEL,
  NODE_NAME_LABEL,
  MIGRATION_TARGET_NODE_NAME_LABEL,
  NODE_SCHEDULABLE_LABEL,
];

/** Annotations that ask for a feature, its gate, and what it is called in messages. */
const GATED_ANNOTATIONS = [
  [IGNITION_ANNOTATION, "ExperimentalIgnitionSupport", "ExperimentalIgnitionSupport"],
  [HOOK_SIDECARS_ANNOTATION, "Sidecar", "sidecar"],
] as const;

/** All causes of the metadata that a template gives to VMIs. */
export function validateTemplateMetadata(
  metadata: MetadataSubject["metadata"] | null | undefined,
  { field, cluster }: Omit<MetadataSubject, "metadata">,
): Cause[] {
  if (metadata === undefined || metadata === null) return [];
  return [
    ...reservedLabels({ metadata, field }),
    ...validateMetadata({ metadata, field, cluster }),
  ];
}

/** All causes, except for labels: see {@link reservedLabels}. */
export function validateMetadata(subject: MetadataSubject): Cause[] {
  return RULES.flatMap((rule) => rule(subject));
}

/** Causes for reserved labels of a new object. */
export function reservedLabels({ metadata, field }: Omit<MetadataSubject, "cluster">): Cause[] {
  return RESERVED_LABELS.filter((name) => metadata.labels?.[name] !== undefined).map((name) =>
    notSupported(
      `${field}.labels[${name}]`,
      "creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited: " +
        name,
    )
  );
}

/** Causes for reserved labels that an update would change. */
export function changedReservedLabels(
  now: MetadataSubject["metadata"],
  before: MetadataSubject["metadata"],
): Cause[] {
  return RESERVED_LABELS.filter((name) => now.labels?.[name] !== before.labels?.[name])
    .map((name) =>
      notSupported(
        `metadata.labels[${name}]`,
        "modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited: " +
          name,
      )
    );
}

function gatedAnnotations({ metadata, field, cluster }: MetadataSubject): Cause[] {
  return GATED_ANNOTATIONS.flatMap(([annotation, gate, title]) => {
    if (!metadata.annotations?.[annotation] || cluster.featureGates.includes(gate)) return [];
    const where = `${field}.annotations[${annotation}]`;
    const message =
      `${title} feature gate is not enabled in kubevirt-config, invalid entry ${where}`;
    return [invalid(where, message)];
  });
}
