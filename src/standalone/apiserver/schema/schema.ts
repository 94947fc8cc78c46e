/** OpenAPI v3 schemas as Kubernetes extends them, and from documents full of references to schemas without. */

/** A node of a schema. References are already resolved: a node may appear at several places. */
export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  title?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-patch-merge-key"?: string;
  "x-kubernetes-patch-strategy"?: string;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-validations"?: ValidationRule[];
  /** At the root: Kubernetes has a Go type for the kind, in which parts that are not given are there and empty. */
  typed?: boolean;
}

/** A CEL rule of a CustomResourceDefinition. */
export interface ValidationRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** A node as it stands in a document: `$ref` names a component. */
export type SchemaDocument = { [keyword: string]: unknown };

const REFERENCE = "#/components/schemas/";

/**
 * Resolves all references among the components of an OpenAPI document. What stands beside a reference (a description, a
 * default, list semantics) wins over what it refers to. Throws a `TypeError` when a reference leads nowhere or in a circle.
 */
export function linkSchemas(components: Record<string, SchemaDocument>): Record<string, Schema> {
  const linked = new Map<string, Schema | undefined>();
  const component = (name: string): Schema => {
    const known = linked.get(name);
    if (known !== undefined) return known;
    const document = components[name];
    if (document === undefined) throw new TypeError(`Cannot link schemas: there is no ${name}`);
    if (linked.has(name)) throw new TypeError(`Cannot link schemas: ${name} contains itself`);
    linked.set(name, undefined);
    const schema = link(document, component);
    linked.set(name, schema);
    return schema;
  };
  return Object.fromEntries(Object.keys(components).map((name) => [name, component(name)]));
}

type Lookup = (name: string) => Schema;

function link(document: SchemaDocument, component: Lookup): Schema {
  const { $ref, allOf, properties, items, additionalProperties, ...rest } = document;
  if (typeof $ref === "string") return { ...component(componentName($ref)), ...rest };
  const one = Array.isArray(allOf) && allOf.length === 1 ? allOf[0] as SchemaDocument : undefined;
  if (typeof one?.$ref === "string") return { ...component(componentName(one.$ref)), ...rest };
  return {
    ...rest,
    ...(isBareObject(document) && { "x-kubernetes-preserve-unknown-fields": true }),
    ...(Array.isArray(allOf) && { allOf: allOf.map((each) => link(each, component)) }),
    ...(isNode(properties) && { properties: linkMembers(properties, component) }),
    ...(isNode(items) && { items: link(items, component) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: isNode(additionalProperties)
        ? link(additionalProperties, component)
        : additionalProperties as boolean,
    }),
  };
}

/** A Go type that holds anything, such as a set of fields, says no more than that it is an object. */
function isBareObject({ type, properties, additionalProperties }: SchemaDocument): boolean {
  return type === "object" && properties === undefined && additionalProperties === undefined;
}

function linkMembers(members: SchemaDocument, component: Lookup): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(members).map(([name, each]) => [name, link(each as SchemaDocument, component)]),
  );
}

function componentName(reference: string): string {
  return reference.slice(REFERENCE.length);
}

function isNode(value: unknown): value is SchemaDocument {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
