/** The paths of a kind in an OpenAPI document, with what clients read of them: the kind, and the parameters it takes. */
import type { JsonObject } from "../../../kube/json.ts";

/** A kind in one version, as it is served. */
export interface ApiKind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  statusSubresource: boolean;
  scale?: boolean;
  /** Defined by a CustomResourceDefinition: no strategic merge patch. */
  custom: boolean;
}

const QUERY: Record<string, { description: string; type: string }> = {
  allowWatchBookmarks: { description: "Ask for events of type BOOKMARK.", type: "boolean" },
  continue: { description: "Where the list was left off: metadata.continue.", type: "string" },
  dryRun: { description: "All: do everything but store the result.", type: "string" },
  fieldManager: { description: "Name of who makes the change.", type: "string" },
  fieldSelector: { description: "Only objects with these values of fields.", type: "string" },
  fieldValidation: {
    description: "Ignore, Warn or Strict: what becomes of unknown and duplicate fields.",
    type: "string",
  },
  force: { description: "Take fields from those who own them; apply only.", type: "boolean" },
  gracePeriodSeconds: { description: "Seconds before the object is deleted.", type: "integer" },
  labelSelector: { description: "Only objects with these labels.", type: "string" },
  limit: { description: "Objects on a page.", type: "integer" },
  pretty: { description: "Indent the answer.", type: "string" },
  propagationPolicy: {
    description: "Orphan, Background or Foreground: what becomes of dependents.",
    type: "string",
  },
  resourceVersion: { description: "The oldest version that will do.", type: "string" },
  resourceVersionMatch: { description: "Exact or NotOlderThan.", type: "string" },
  sendInitialEvents: { description: "Begin a watch with what is there.", type: "boolean" },
  timeoutSeconds: { description: "End of the call, in seconds.", type: "integer" },
  watch: { description: "Answer with changes, as they come.", type: "boolean" },
};

const LIST = [
  "allowWatchBookmarks",
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "timeoutSeconds",
  "watch",
];
const WRITE = ["dryRun", "fieldManager", "fieldValidation"];
const DELETE = ["dryRun", "gracePeriodSeconds", "propagationPolicy"];

/** Component names of a kind and its list. */
export interface ComponentNames {
  object: string;
  list: string;
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const SCALE = {
  kind: { group: "autoscaling", version: "v1", kind: "Scale" },
  component: "io.k8s.api.autoscaling.v1.Scale",
};

/** All paths of a kind. */
export function pathsOf(kind: ApiKind, names: ComponentNames): [string, JsonObject][] {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const collection = `${root}${kind.namespaced ? "/namespaces/{namespace}" : ""}/${kind.plural}`;
  const item = `${collection}/{name}`;
  const operations = new Operations(kind, names);
  const list = operations.list();
  const inPlace = kind.namespaced ? ["namespace"] : [];
  const paths: [string, JsonObject][] = [
    [collection, {
      get: list,
      post: operations.create(),
      delete: operations.remove("deletecollection"),
      parameters: parameters(inPlace),
    }],
    [item, { ...operations.item(), parameters: parameters(["name", ...inPlace]) }],
  ];
  if (kind.namespaced) {
    paths.push([`${root}/${kind.plural}`, { get: list, parameters: parameters([]) }]);
  }
  if (kind.statusSubresource) {
    const { delete: _, ...status } = operations.item();
    paths.push([`${item}/status`, { ...status, parameters: parameters(["name", ...inPlace]) }]);
  }
  if (kind.scale) {
    const { delete: _, ...scale } = operations.item(SCALE.kind, SCALE.component);
    paths.push([`${item}/scale`, { ...scale, parameters: parameters(["name", ...inPlace]) }]);
  }
  return paths;
}

class Operations {
  readonly #kind: ApiKind;
  readonly #names: ComponentNames;

  constructor(kind: ApiKind, names: ComponentNames) {
    this.#kind = kind;
    this.#names = names;
  }

  list(): JsonObject {
    return this.#operation("list", { answer: this.#names.list, query: LIST });
  }

  create(): JsonObject {
    const { object } = this.#names;
    return this.#operation("post", { answer: object, body: object, query: WRITE });
  }

  remove(action: "delete" | "deletecollection"): JsonObject {
    return this.#operation(action, {
      answer: `${META}.Status`,
      body: `${META}.DeleteOptions`,
      query: action === "delete" ? DELETE : [...DELETE, ...LIST],
    });
  }

  item(gvk?: JsonObject, component = this.#names.object): JsonObject {
    const types = [
      "application/apply-patch+yaml",
      "application/json-patch+json",
      "application/merge-patch+json",
      ...(this.#kind.custom ? [] : ["application/strategic-merge-patch+json"]),
    ];
    const answer = component;
    const patch = { answer, body: `${META}.Patch`, types, query: [...WRITE, "force"] };
    return {
      get: this.#operation("get", { answer, query: ["resourceVersion"] }, gvk),
      put: this.#operation("put", { answer, body: component, query: WRITE }, gvk),
      patch: this.#operation("patch", patch, gvk),
      delete: this.remove("delete"),
    };
  }

  #operation(
    action: string,
    { answer, body, query, types = ["application/json", "application/yaml"] }: {
      answer: string;
      body?: string;
      query: readonly string[];
      types?: readonly string[];
    },
    gvk: JsonObject = this.#gvk(),
  ): JsonObject {
    return {
      parameters: query.map((name) => parameter(name, "query")),
      ...(body !== undefined && {
        requestBody: {
          content: contentOf(body, types),
          ...(action !== "delete" && { required: true }),
        },
      }),
      responses: {
        "200": { description: "OK", content: contentOf(answer, ["application/json"]) },
        "401": { description: "Unauthorized" },
      },
      "x-kubernetes-action": action,
      "x-kubernetes-group-version-kind": gvk,
    };
  }

  #gvk(): JsonObject {
    const { group, version, kind } = this.#kind;
    return { group, version, kind };
  }
}

function contentOf(component: string, types: readonly string[]): JsonObject {
  const schema = { $ref: `#/components/schemas/${component}` };
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function parameters(inPath: readonly string[]): JsonObject[] {
  return [...inPath.map((name) => parameter(name, "path")), parameter("pretty", "query")];
}

function parameter(name: string, place: "path" | "query"): JsonObject {
  const { description = `The ${name} of the object.`, type = "string" } = QUERY[name] ?? {};
  return {
    name,
    in: place,
    description,
    ...(place === "path" && { required: true }),
    schema: { type, uniqueItems: true },
  };
}
