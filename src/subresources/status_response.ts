/** Errors as clients of Kubernetes expect them: metav1.Status with the texts that KubeVirt's clients know. */
import type { TlsResponse } from "../runtime/mutual_tls_server.ts";

const JSON_TYPE = { "content-type": "application/json" };

/** Why a verb is not carried out. A value, not an exception. */
export interface Denial {
  code: 400 | 403 | 404 | 409;
  reason: "BadRequest" | "Forbidden" | "NotFound" | "Conflict";
  message: string;
  details?: { name: string; group: string; kind: string };
}

/** Names the object a denial is about. */
export interface DeniedObject {
  name: string;
  /** As in error texts: "virtualmachine" or "virtualmachineinstance". */
  kind: string;
}

/** "Operation cannot be fulfilled on virtualmachine.kubevirt.io "x": …" */
export function conflict(object: DeniedObject, why: string): Denial {
  const message = `Operation cannot be fulfilled on ${object.kind}.kubevirt.io ${
    JSON.stringify(object.name)
  }: ${why}`;
  return { code: 409, reason: "Conflict", message, details: details(object) };
}

export function badRequest(message: string): Denial {
  return { code: 400, reason: "BadRequest", message };
}

export function notAllowed(object: DeniedObject, why: string): Denial {
  const message = `${object.kind}.kubevirt.io ${JSON.stringify(object.name)} is forbidden: ${why}`;
  return { code: 403, reason: "Forbidden", message, details: details(object) };
}

export function notFound(object: DeniedObject): Denial {
  const message = `${object.kind}.kubevirt.io ${JSON.stringify(object.name)} not found`;
  return { code: 404, reason: "NotFound", message, details: details(object) };
}

/** A denial on the wire. */
export function denialResponse(denial: Denial): TlsResponse {
  return statusResponse(denial.code, denial);
}

/** Any failure on the wire. */
export function statusResponse(
  code: number,
  status: { reason: string; message: string; details?: Denial["details"] },
): TlsResponse {
  const { reason, message, details } = status;
  return jsonResponse(code, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });
}

export function jsonResponse(status: number, body: unknown): TlsResponse {
  return { status, headers: JSON_TYPE, body: JSON.stringify(body) };
}

function details({ name, kind }: DeniedObject): NonNullable<Denial["details"]> {
  return { name, group: "kubevirt.io", kind };
}
