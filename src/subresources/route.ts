/** Paths of the aggregated API. */
import { SUBRESOURCES_GROUP, SUBRESOURCES_VERSIONS } from "../api/registry.ts";

/** A subresource of one object. */
export interface SubresourcePath {
  version: string;
  namespace: string;
  /** Plural: "virtualmachines". */
  resource: string;
  name: string;
  /** "start", or several segments as in "vnc/screenshot". */
  subresource: string;
}

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** `undefined`: not a path of ours. Names are checked here, so that they may be put into other paths. */
export function parseSubresourcePath(path: string): SubresourcePath | undefined {
  const [
    empty,
    apis,
    group,
    version = "",
    namespaces,
    namespace = "",
    resource,
    name = "",
    ...rest
  ] = path.split("/");
  if (empty !== "" || apis !== "apis" || group !== SUBRESOURCES_GROUP) return undefined;
  if (!SUBRESOURCES_VERSIONS.some((known) => known === version)) return undefined;
  if (namespaces !== "namespaces" || resource === undefined || rest.length === 0) return undefined;
  if (!NAME.test(namespace) || !NAME.test(name) || rest.includes("")) return undefined;
  return { version, namespace, resource, name, subresource: rest.join("/") };
}
