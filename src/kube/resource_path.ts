/** The URL of a resource, as the API server lays them out. */
import type { Resource } from "./client.ts";
import type { ObjectKey } from "./object.ts";

/** The path of a collection, or of one object in it, or of a subresource of that. */
export function resourcePath(
  resource: Resource,
  at: { namespace?: string | undefined; name?: string; subresource?: string | undefined } = {},
): string {
  const { group, version, plural } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const namespace = at.namespace === undefined || !resource.namespaced
    ? ""
    : `/namespaces/${encodeURIComponent(at.namespace)}`;
  const name = at.name === undefined ? "" : `/${encodeURIComponent(at.name)}`;
  const subresource = at.subresource === undefined ? "" : `/${at.subresource}`;
  return `${root}${namespace}/${plural}${name}${subresource}`;
}

/** The path of one object. Throws `TypeError` for a key that cannot name one. */
export function objectPath(resource: Resource, key: ObjectKey, subresource?: string): string {
  if (key.name === "") throw new TypeError(`Cannot address ${resource.kind}: its name is empty`);
  if (resource.namespaced && !key.namespace) {
    throw new TypeError(`Cannot address ${resource.kind} "${key.name}": it needs a namespace`);
  }
  return resourcePath(resource, { ...key, subresource });
}

/** Leaves out what is undefined; "" when nothing is left. */
export function queryString(
  parameters: Record<string, string | number | boolean | undefined>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? "" : `?${query}`;
}
