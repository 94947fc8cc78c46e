/**
 * The CustomResourceDefinitions that the API server gets. Apart from `crd.ts`, so that a definition can be served before the
 * schemas are loaded. Pure.
 */
import { type CustomResource, customResourceName } from "./registry.ts";

/** A node of an OpenAPI v3 schema as Kubernetes understands it. */
export interface StructuralSchema {
  type?: string;
  format?: string;
  description?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  required?: string[];
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  anyOf?: StructuralSchema[];
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-validations"?: { rule: string; message?: string }[];
}

/** Where `kubectl scale` and autoscalers read and write: the same fields in all kinds that are scaled. */
const SCALE_PATHS = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".status.labelSelector",
};

/** The same schema without descriptions: a quarter of the size. */
export function withoutDescriptions(schema: StructuralSchema): StructuralSchema {
  const { description: _, ...rest } = schema;
  const { properties, items, additionalProperties } = rest;
  return {
    ...rest,
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, withoutDescriptions(child)]),
      ),
    }),
    ...(items !== undefined && { items: withoutDescriptions(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: withoutDescriptions(additionalProperties),
    }),
  };
}

/**
 * The CustomResourceDefinition of a kind. Descriptions are in the storage version alone: with them twice the largest kinds
 * outgrow what a client-side apply can annotate. `described` is asked for the schema when that is first read: all of them take
 * a third of a second.
 */
export function customResourceDefinition(
  resource: CustomResource,
  described: () => StructuralSchema,
): Record<string, unknown> {
  let [whole, bare]: (StructuralSchema | undefined)[] = [];
  const describedSchema = () => whole ??= described();
  const bareSchema = () => bare ??= withoutDescriptions(describedSchema());
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: customResourceName(resource) },
    spec: {
      group: resource.group,
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.singular,
        shortNames: [...resource.shortNames],
        categories: [...resource.categories],
      },
      scope: resource.namespaced ? "Namespaced" : "Cluster",
      versions: resource.versions.map(({ name, deprecationWarning }) => ({
        name,
        served: true,
        storage: name === resource.version,
        ...(deprecationWarning !== undefined && { deprecated: true, deprecationWarning }),
        additionalPrinterColumns: resource.columns.map((column) => ({ ...column })),
        ...subresourcesOf(resource),
        schema: {
          get openAPIV3Schema() {
            return name === resource.version ? describedSchema() : bareSchema();
          },
        },
      })),
    },
  };
}

function subresourcesOf({ statusSubresource, scale }: CustomResource): { subresources?: unknown } {
  if (!statusSubresource) return {};
  return { subresources: { status: {}, ...(scale && { scale: SCALE_PATHS }) } };
}
