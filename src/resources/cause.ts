/** Why an object is not acceptable: one entry per thing to change, as in metav1.StatusCause. */

/** Reasons of Kubernetes' own validation. */
export type CauseType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueDuplicate"
  | "FieldValueNotFound"
  | "FieldValueForbidden";

export interface Cause {
  reason: CauseType;
  message: string;
  /** As in `spec.template.spec.domain.devices.disks[0].name`. */
  field: string;
}

export function required(field: string, message: string): Cause {
  return { reason: "FieldValueRequired", message, field };
}

export function invalid(field: string, message: string): Cause {
  return { reason: "FieldValueInvalid", message, field };
}

export function notSupported(field: string, message: string): Cause {
  return { reason: "FieldValueNotSupported", message, field };
}

export function duplicate(field: string, message: string): Cause {
  return { reason: "FieldValueDuplicate", message, field };
}

export function forbidden(field: string, message: string): Cause {
  return { reason: "FieldValueForbidden", message, field };
}

export function notFound(field: string, message: string): Cause {
  return { reason: "FieldValueNotFound", message, field };
}
