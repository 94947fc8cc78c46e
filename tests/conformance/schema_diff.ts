/** Compares two structural schemas node by node. */

/** What two schemas differ in at one node: `spec.running: type: upstream "boolean", ours "string"`. */
export interface SchemaDifference {
  /** Dotted path; `[]` is a list's item, `{}` a map's value. */
  path: string;
  keyword: string;
  upstream: unknown;
  ours: unknown;
}

/** Keywords that hold further nodes, and the description, which is each project's own. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "description",
  "properties",
  "items",
  "additionalProperties",
]);

/** All differences between two schemas; texts for people aside. */
export function diffSchemas(upstream: unknown, ours: unknown, path = ""): SchemaDifference[] {
  const theirs = asRecord(upstream);
  const mine = asRecord(ours);
  const differences: SchemaDifference[] = [];
  for (const keyword of union(theirs, mine)) {
    if (NOT_COMPARED.has(keyword)) continue;
    const [a, b] = [normal(keyword, theirs[keyword]), normal(keyword, mine[keyword])];
    if (a !== b) {
      differences.push({ path, keyword, upstream: theirs[keyword], ours: mine[keyword] });
    }
  }
  for (const [keyword, suffix] of [["items", "[]"], ["additionalProperties", "{}"]] as const) {
    differences.push(...diffChildren(theirs[keyword], mine[keyword], `${path}${suffix}`));
  }
  const theirProperties = asRecord(theirs["properties"]);
  const myProperties = asRecord(mine["properties"]);
  for (const name of union(theirProperties, myProperties)) {
    const child = path === "" ? name : `${path}.${name}`;
    differences.push(...diffChildren(theirProperties[name], myProperties[name], child));
  }
  return differences;
}

function diffChildren(upstream: unknown, ours: unknown, path: string): SchemaDifference[] {
  if (upstream === undefined && ours === undefined) return [];
  if (upstream === undefined || ours === undefined) {
    const presence = (node: unknown) => node === undefined ? "absent" : "present";
    return [{
      path,
      keyword: "(node)",
      upstream: presence(upstream),
      ours: presence(ours),
    }];
  }
  return diffSchemas(upstream, ours, path);
}

/** A comparable form: `required` is a set, rules have messages of their own, all else is compared as it stands. */
function normal(keyword: string, value: unknown): string | undefined {
  if (keyword === "required" && Array.isArray(value)) return JSON.stringify([...value].sort());
  if (keyword === "x-kubernetes-validations" && Array.isArray(value)) {
    return JSON.stringify(value.map((validation) => asRecord(validation)["rule"]));
  }
  return JSON.stringify(sortKeys(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sortKeys(v)]),
  );
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function union(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

/** How a difference is shown in a failing test. */
export function formatDifference(difference: SchemaDifference): string {
  const { path, keyword, upstream, ours } = difference;
  return `${path}: ${keyword}: upstream ${JSON.stringify(upstream)}, ours ${JSON.stringify(ours)}`;
}
