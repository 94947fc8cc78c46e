/** Paths of the aggregated API. */
import { SUBRESOURCES_GROUP, SUBRESOURCES_VERSIONS } from "../api/registry.ts";

/** Expands the VM in its body. */
export const EXPAND_VM_SPEC = "expand-vm-spec";

/** A subresource of one object, or one of a namespace: that has no name and no subresource. */
export interface SubresourcePath {
  version: string;
  namespace: string;
  /** Plural: "virtualmachines". */
  resource: string;
  name: string;
  /** "start", or several segments as in "vnc/screenshot". */
  subresource: string;
  /** What follows it and is no part of its name: of a port-forward the port, and the protocol. @default "" */
  rest?: string;
}

/** Of no object: what they are about is in the body. */
const OF_NAMESPACES: readonly string[] = [EXPAND_VM_SPEC];
export const PORT_FORWARD = "portforward";
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
  if (namespaces !== "namespaces" || resource === undefined) return undefined;
  if (!NAME.test(namespace)) return undefined;
  if (OF_NAMESPACES.includes(resource)) {
    const isWhole = name === "" && rest.length === 0;
    return isWhole ? { version, namespace, resource, name, subresource: "" } : undefined;
  }
  if (rest.length === 0 || !NAME.test(name) || rest.includes("")) return undefined;
  const [first = "", ...port] = rest;
  if (first !== PORT_FORWARD) {
    return { version, namespace, resource, name, subresource: rest.join("/") };
  }
  return { version, namespace, resource, name, subresource: first, rest: port.join("/") };
}
