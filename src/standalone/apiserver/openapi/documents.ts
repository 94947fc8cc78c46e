/**
 * The OpenAPI v3 documents under /openapi/v3, one for each group version, as far as clients read them: `kubectl explain`
 * the schemas, and clients that validate the parameters of each operation.
 */
import { createHash } from "node:crypto";
import type { JsonObject } from "../../../kube/json.ts";
import { CORE_COMPONENTS } from "../schema/core_schemas.ts";
import type { Schema, SchemaDocument } from "../schema/schema.ts";
import { type ApiKind, type ComponentNames, pathsOf } from "./operations.ts";

/** A kind to be described; custom kinds bring the schema of their definition. */
export interface DescribedKind extends ApiKind {
  definition?: Schema;
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const REFERENCE = "#/components/schemas/";
/** Every document needs these. */
const ALWAYS = ["DeleteOptions", "Patch", "Status"].map((name) => `${META}.${name}`);
const CONVENTIONS =
  "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";

/** "api/v1", "apis/kubevirt.io/v1": the documents that these kinds need, in their order. */
export function documentPaths(kinds: readonly DescribedKind[]): string[] {
  return [...new Set(kinds.map(pathOf))];
}

function pathOf({ group, version }: ApiKind): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

/** The document of a group version, or `undefined` when no kind is in it. */
export function openApiDocument(
  path: string,
  kinds: readonly DescribedKind[],
): JsonObject | undefined {
  const described = kinds.filter((kind) => pathOf(kind) === path);
  if (described.length === 0) return undefined;
  const components = new Map<string, SchemaDocument>();
  const add = (name: string) => addComponent(name, components);
  const paths = described.flatMap((kind) => {
    const names = namesOf(kind);
    if (kind.definition !== undefined) {
      components.set(names.object, customComponent(kind, kind.definition));
      components.set(names.list, customList(kind, names));
      for (const each of ["ObjectMeta", "ListMeta"]) add(`${META}.${each}`);
    } else {
      add(names.object);
      add(names.list);
    }
    if (kind.scale) add("io.k8s.api.autoscaling.v1.Scale");
    return pathsOf(kind, names);
  });
  for (const name of ALWAYS) add(name);
  const sorted = [...components].sort(([a], [b]) => a < b ? -1 : 1);
  return {
    openapi: "3.0.0",
    info: { title: "denovirt", version: "unversioned" },
    paths: Object.fromEntries(paths.sort(([a], [b]) => a < b ? -1 : 1)),
    components: { schemas: Object.fromEntries(sorted) as unknown as JsonObject },
  };
}

/** The index at /openapi/v3. A client keeps what it read of a document for as long as its hash stays. */
export function openApiIndex(documents: ReadonlyMap<string, string>): JsonObject {
  const paths = [...documents].map(([path, text]) => {
    const hash = createHash("sha512").update(text).digest("hex").toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
  });
  return { paths: Object.fromEntries(paths) };
}

function namesOf({ group, version, kind, definition }: DescribedKind): ComponentNames {
  const api = group === ""
    ? "io.k8s.api.core"
    : definition === undefined
    ? `io.k8s.api.${group.split(".")[0]}`
    : group.split(".").reverse().join(".");
  const object = `${api}.${version}.${kind}`;
  return { object, list: `${object}List` };
}

function addComponent(name: string, components: Map<string, SchemaDocument>): void {
  const schema = CORE_COMPONENTS[name];
  if (schema === undefined || components.has(name)) return;
  components.set(name, schema);
  for (const reference of referencesOf(schema)) addComponent(reference, components);
}

function* referencesOf(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  for (const [name, value] of Object.entries(node)) {
    if (name === "$ref" && typeof value === "string") yield value.slice(REFERENCE.length);
    else yield* referencesOf(value);
  }
}

function customComponent(kind: DescribedKind, definition: Schema): SchemaDocument {
  return {
    ...definition,
    properties: {
      ...definition.properties,
      ...TYPE_META,
      metadata: metadata(
        `Standard object's metadata. More info: ${CONVENTIONS}#metadata`,
        "ObjectMeta",
      ),
    },
    "x-kubernetes-group-version-kind": [gvk(kind, "")],
  };
}

function customList(kind: DescribedKind, names: ComponentNames): SchemaDocument {
  return {
    description: `${kind.kind}List is a list of ${kind.kind}`,
    type: "object",
    required: ["items"],
    properties: {
      ...TYPE_META,
      items: {
        description: `List of ${kind.plural}. More info: ${CONVENTIONS}`,
        type: "array",
        items: { $ref: REFERENCE + names.object },
      },
      metadata: metadata(
        `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`,
        "ListMeta",
      ),
    },
    "x-kubernetes-group-version-kind": [gvk(kind, "List")],
  };
}

function gvk({ group, version, kind }: DescribedKind, suffix: string): JsonObject {
  return { group, kind: kind + suffix, version };
}

function metadata(description: string, name: string): SchemaDocument {
  return { description, allOf: [{ $ref: `${REFERENCE}${META}.${name}` }] };
}

const TYPE_META = {
  apiVersion: {
    description:
      `APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: ${CONVENTIONS}#resources`,
    type: "string",
  },
  kind: {
    description:
      `Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: ${CONVENTIONS}#types-kinds`,
    type: "string",
  },
};
