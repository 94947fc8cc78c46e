/** Refusals of requests on objects, in kube-apiserver's words. */
import type { KubeError } from "../../../kube/client.ts";
import { qualifiedResource, type ServedKind } from "../kinds/kind.ts";
import { statusError } from "../status_error.ts";

/** How `details` names an object: its `kind` is the plural here. */
function details({ kind, form }: ServedKind, name: string) {
  return {
    ...(name === "" ? {} : { name }),
    ...(form.group === "" ? {} : { group: form.group }),
    kind: kind.plural,
  };
}

/** 404 for an object. */
export function notFound(served: ServedKind, name: string): KubeError {
  const message = `${qualifiedResource(served)} ${JSON.stringify(name)} not found`;
  return statusError(404, "NotFound", message, details(served, name));
}

/** 404 for a namespace, when something is to be made in it. */
export function namespaceNotFound(name: string): KubeError {
  return statusError(404, "NotFound", `namespaces ${JSON.stringify(name)} not found`, {
    name,
    kind: "namespaces",
  });
}

/** 404 for a path that names no resource. */
export function resourceNotFound(): KubeError {
  const message = "the server could not find the requested resource";
  return statusError(404, "NotFound", message, {});
}

/** 405. */
export function methodNotAllowed(): KubeError {
  const message = "the server does not allow this method on the requested resource";
  return statusError(405, "MethodNotAllowed", message, {});
}

/** 409 for a name that is taken. */
export function alreadyExists(served: ServedKind, name: string): KubeError {
  const message = `${qualifiedResource(served)} ${JSON.stringify(name)} already exists`;
  return statusError(409, "AlreadyExists", message, details(served, name));
}

/** 409. */
export function conflict(served: ServedKind, name: string, why: string): KubeError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(served)} ${
    JSON.stringify(name)
  }: ${why}`;
  return statusError(409, "Conflict", message, details(served, name));
}

/** 409 for a version that is no longer the latest. */
export function modified(served: ServedKind, name: string): KubeError {
  const why =
    "the object has been modified; please apply your changes to the latest version and try again";
  return conflict(served, name, why);
}

/** 409 for a precondition of a deletion: they name the kind, where others name the resource. */
export function preconditionFailed(
  { kind, form }: ServedKind,
  name: string,
  why: string,
): KubeError {
  const qualified = form.group === "" ? kind.kind : `${kind.kind}.${form.group}`;
  const message = `Operation cannot be fulfilled on ${qualified} ${JSON.stringify(name)}: ${why}`;
  return statusError(409, "Conflict", message, {
    ...details({ kind, form }, name),
    kind: kind.kind,
  });
}

/** 403. */
export function forbidden(
  served: ServedKind,
  { name, why, causes }: {
    name: string;
    why: string;
    causes?: { reason: string; message: string; field?: string }[];
  },
): KubeError {
  const named = name === ""
    ? qualifiedResource(served)
    : `${qualifiedResource(served)} ${JSON.stringify(name)}`;
  return statusError(403, "Forbidden", `${named} is forbidden: ${why}`, {
    ...details(served, name),
    ...(causes === undefined ? {} : { causes }),
  });
}

/** 410 for history that is forgotten. */
export function expired(message: string): KubeError {
  return statusError(410, "Expired", message);
}

/** 500. */
export function internalError(message: string): KubeError {
  return statusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

/** 503: what was asked cannot be done now, and the operator is told why. */
export function unavailable(message: string): KubeError {
  return statusError(503, "ServiceUnavailable", message);
}

/** 504 for a version that is still to come. */
export function tooLargeVersion(asked: number, current: number): KubeError {
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return statusError(504, "Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
