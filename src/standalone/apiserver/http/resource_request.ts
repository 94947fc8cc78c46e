/** What a path of the API means. Pure. */

/** A request on a collection, an object or a part of one. */
export interface ResourcePath {
  group: string;
  version: string;
  namespace?: string;
  plural: string;
  name?: string;
  /** May hold several segments. */
  subresource?: string;
}

/** `undefined`: the path is none of a resource. Throws `URIError` for a path that is badly encoded. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const segments = path.split("/").slice(1).map(decodeURIComponent);
  if (segments.some((each) => each === "")) return undefined;
  const [root, ...rest] = segments;
  if (root === "api") return resourceAt("", rest);
  if (root === "apis") return resourceAt(rest[0] ?? "", rest.slice(1));
  return undefined;
}

function resourceAt(group: string, [version, ...rest]: string[]): ResourcePath | undefined {
  const first = rest[0];
  if (version === undefined || first === undefined) return undefined;
  const [, namespace, plural, name, ...subresource] = rest;
  if (
    first === "namespaces" && namespace !== undefined && plural !== undefined &&
    !OF_NAMESPACES.has(plural)
  ) {
    return partsOf({ group, version, namespace, plural }, name, subresource);
  }
  return partsOf({ group, version, plural: first }, namespace, rest.slice(2));
}

/** What follows a namespace's name and is a part of the namespace itself. */
const OF_NAMESPACES: ReadonlySet<string> = new Set(["status", "finalize"]);

function partsOf(
  at: Omit<ResourcePath, "name" | "subresource">,
  name: string | undefined,
  subresource: string[],
): ResourcePath {
  return {
    ...at,
    ...(name === undefined ? {} : { name }),
    ...(subresource.length === 0 ? {} : { subresource: subresource.join("/") }),
  };
}

/** The verb of authorization. `undefined`: no verb belongs to the method. */
export function verbOf(
  method: string,
  at: { name?: string; watch: boolean },
): string | undefined {
  switch (method) {
    case "GET":
    case "HEAD":
      return at.watch ? "watch" : at.name === undefined ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return at.name === undefined ? "deletecollection" : "delete";
    default:
      return undefined;
  }
}

/** Booleans of queries: "", "1", "true" and the like; anything else is true too, as in Kubernetes. */
export function isTrue(text: string | null): boolean {
  return text !== null && text !== "false" && text !== "0";
}
