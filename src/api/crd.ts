/** From zod schemas to the CustomResourceDefinitions that the API server gets. Pure. */
import { z } from "zod";
import { type CustomResource, customResourceName } from "./registry.ts";
import { OPAQUE } from "./structural.ts";

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

/** Every keyword that {@link StructuralSchema} may have. Anything else is a mistake in a zod schema. */
const KEYWORDS: ReadonlySet<string> = new Set(
  [
    "type",
    "format",
    "description",
    "nullable",
    "default",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "anyOf",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
  ] satisfies (keyof StructuralSchema)[],
);

/** What the API server checks of every object by itself, and upstream's schemas do not repeat. */
const CHECKED_BY_THE_SERVER: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** Where `kubectl scale` and autoscalers read and write: the same fields in all kinds that are scaled. */
const SCALE_PATHS = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".status.labelSelector",
};

/** The structural schema of an object's kind. Throws when a part of it has no structural form. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    cycles: "throw",
    override: ({ jsonSchema }) => toStructural(jsonSchema as Record<string, unknown>),
  });
  // zod's result carries a hidden property; a round trip through JSON leaves the schema alone.
  const result: unknown = sortKeys(JSON.parse(JSON.stringify(json)));
  assertStructural(result);
  if (result.required !== undefined) {
    result.required = result.required.filter((name) => !CHECKED_BY_THE_SERVER.has(name));
    if (result.required.length === 0) delete result.required;
  }
  return result;
}

function toStructural(node: Record<string, unknown>): void {
  if (node["x-kubernetes-int-or-string"] === true) {
    node["anyOf"] = [{ type: "integer" }, { type: "string" }];
    delete node["type"];
  }
  if (node[OPAQUE] === true) {
    for (const key of [OPAQUE, "properties", "required"]) delete node[key];
  }
  if (isEmptyObject(node["additionalProperties"])) delete node["additionalProperties"];
  if (isEmptyObject(node["properties"])) delete node["properties"];
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The same value with object keys in alphabetical order, so that generated files change only where schemas do. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, child]) => [key, sortKeys(child)]),
  );
}

/** Throws a `TypeError` that names the path of the first node which a CustomResourceDefinition may not hold. */
export function assertStructural(
  node: unknown,
  path = "",
): asserts node is StructuralSchema {
  if (typeof node !== "object" || node === null || Array.isArray(node)) {
    throw notStructural(path, `must be an object: got ${JSON.stringify(node)}`);
  }
  const schema: Record<string, unknown> = { ...node };
  for (const key of Object.keys(schema)) {
    if (!KEYWORDS.has(key)) throw notStructural(path, `keyword is not allowed: got ${key}`);
  }
  if (schema["type"] === undefined && schema["x-kubernetes-int-or-string"] !== true) {
    throw notStructural(path, `must have a type: got ${JSON.stringify(Object.keys(schema))}`);
  }
  if (schema["anyOf"] !== undefined && schema["x-kubernetes-int-or-string"] !== true) {
    throw notStructural(path, "anyOf is allowed for int-or-string alone");
  }
  if (schema["properties"] !== undefined && schema["additionalProperties"] !== undefined) {
    throw notStructural(path, "must not have both properties and additionalProperties");
  }
  const properties = schema["properties"];
  if (typeof properties === "object" && properties !== null) {
    for (const [name, child] of Object.entries(properties)) {
      assertStructural(child, `${path}.${name}`);
    }
  }
  if (schema["items"] !== undefined) assertStructural(schema["items"], `${path}[]`);
  if (schema["additionalProperties"] !== undefined) {
    assertStructural(schema["additionalProperties"], `${path}{}`);
  }
}

function notStructural(path: string, reason: string): TypeError {
  return new TypeError(`Cannot use schema at ${path || "its root"}: ${reason}`);
}

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
 * outgrow what a client-side apply can annotate. Schemas are made when they are first read: all of them take a third of a
 * second.
 */
export function customResourceDefinition(
  resource: CustomResource,
  schema: z.ZodType,
): Record<string, unknown> {
  let [described, bare]: (StructuralSchema | undefined)[] = [];
  const describedSchema = () => described ??= structuralSchema(schema);
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
