/** From an answer of the API server to the {@link KubeError} that callers catch. */
import {
  AlreadyExistsError,
  ConflictError,
  GoneError,
  InvalidError,
  KubeError,
  NotFoundError,
  type StatusBody,
} from "./client.ts";

const TEXT_LENGTH_MAX = 500;

/** The error for a status; `what` is the request: "patch pods default/x". */
export function kubeErrorOf(code: number, status: StatusBody, what: string): KubeError {
  const message = `Cannot ${what}: ${status.reason ?? "unexpected answer"}: got ${code}: ${
    (status.message ?? "").slice(0, TEXT_LENGTH_MAX)
  }`;
  switch (code) {
    case 404:
      return new NotFoundError(code, status, message);
    case 409:
      return status.reason === "AlreadyExists"
        ? new AlreadyExistsError(code, status, message)
        : new ConflictError(code, status, message);
    case 410:
      return new GoneError(code, status, message);
    case 422:
      return new InvalidError(code, status, message);
    case 400:
      return (status.details?.causes?.length ?? 0) > 0
        ? new InvalidError(code, status, message)
        : new KubeError(code, status, message);
    default:
      return new KubeError(code, status, message);
  }
}

/** Reads a body as metav1.Status; anything else becomes the message of one. */
export function statusOf(body: unknown): StatusBody {
  if (isStatus(body)) return body;
  const text = typeof body === "string" ? body : JSON.stringify(body ?? "");
  return { message: text.slice(0, TEXT_LENGTH_MAX).trim() };
}

/** Whether a 404 speaks of the object itself, rather than of an unknown path or of a proxy on the way. */
export function isObjectNotFound(error: unknown): boolean {
  return error instanceof NotFoundError && error.reason === "NotFound" &&
    error.status.details?.name !== undefined;
}

function isStatus(body: unknown): body is StatusBody {
  return typeof body === "object" && body !== null && (body as StatusBody).kind === "Status";
}
