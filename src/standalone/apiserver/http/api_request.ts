/** Requests and answers, whatever transport they come by. */
import type { KubeError, StatusBody } from "../../../kube/client.ts";
import type { UserInfo } from "../objects/write_request.ts";

export interface ApiRequest {
  method: string;
  /** Percent-encoded, without the query. */
  path: string;
  query: URLSearchParams;
  /** Of a header, by its lower-case name. */
  header: (name: string) => string | undefined;
  /** The whole body; read at most once. Throws a 413 when it is too long. */
  body: () => Promise<Uint8Array>;
  /** Who asks; `undefined`: nobody that is known. */
  user: UserInfo | undefined;
  /** Aborts when the caller has left. */
  signal: AbortSignal;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  /** Lines of a watch are written as they come. */
  body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Texts for `Warning` headers. */
  warnings?: readonly string[];
}

export const JSON_TYPE = "application/json";

/** An answer in JSON. */
export function jsonAnswer(status: number, body: unknown): ApiResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: { "content-type": JSON_TYPE }, body: text + "\n" };
}

/** Plain text, as the paths outside of the API answer. */
export function textAnswer(status: number, text: string): ApiResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body: text,
  };
}

/** metav1.Status of a refusal. */
export function errorAnswer(error: KubeError): ApiResponse {
  const body = statusObject(error.status, error.code);
  const answer = jsonAnswer(error.code, body);
  const seconds = error.status.details?.retryAfterSeconds;
  if (seconds !== undefined) answer.headers["retry-after"] = String(seconds);
  return answer;
}

/** The whole Status object. */
export function statusObject(status: StatusBody, code: number): Record<string, unknown> {
  const { message, reason, details } = status;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}
