/** Refusals as the API server words them: a metav1.Status in a {@link KubeError}. */
import type { KubeError, StatusBody } from "../../kube/client.ts";
import { kubeErrorOf } from "../../kube/kube_error.ts";
import type { FieldError } from "./field_error.ts";
import { causeOf, fieldErrorText } from "./field_error.ts";

/** What a refused object is called in texts. */
export interface Named {
  group: string;
  kind: string;
  name: string;
}

/** The error of an answer with this status. */
export function statusError(
  code: number,
  reason: string,
  message: string,
  details?: StatusBody["details"],
): KubeError {
  const why = reason === "" ? {} : { reason };
  const status = { kind: "Status", status: "Failure", code, ...why, message };
  return kubeErrorOf(code, details === undefined ? status : { ...status, details }, "serve it");
}

/** 400. */
export function badRequest(message: string): KubeError {
  return statusError(400, "BadRequest", message);
}

/**
 * 422 for a patch that does not fit its object. Kubernetes keeps the reason to itself, so it is the error's cause here and
 * not part of the answer.
 */
export function unprocessable(why: string): KubeError {
  const message = "the server rejected our request due to an error in our request";
  const error = statusError(422, "Invalid", message, {});
  error.cause = why;
  return error;
}

/** 422 with a cause for each field, in their order. */
export function invalid({ group, kind, name }: Named, errors: readonly FieldError[]): KubeError {
  const qualified = group === "" ? kind : `${kind}.${group}`;
  const texts = [...new Set(errors.map(fieldErrorText))];
  const list = texts.length > 1 ? `[${texts.join(", ")}]` : texts[0];
  const message = `${qualified} ${JSON.stringify(name)} is invalid${list ? `: ${list}` : ""}`;
  return statusError(422, "Invalid", message, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    ...(kind === "" ? {} : { kind }),
    ...(errors.length === 0 ? {} : { causes: errors.map(causeOf) }),
  });
}
