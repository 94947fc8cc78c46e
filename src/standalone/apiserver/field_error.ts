/** What is wrong with one field, in Kubernetes' words (apimachinery, util/validation/field). */

/** The kinds of mistakes and what each is called. */
const TITLES = {
  FieldValueNotFound: "Not found",
  FieldValueRequired: "Required value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueForbidden: "Forbidden",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
  FieldValueTypeInvalid: "Invalid value",
} as const;

/** One mistake. `value` is shown where its kind shows values; {@link OMITTED} shows none. */
export interface FieldError {
  reason: keyof typeof TITLES;
  /** "spec.template.spec.volumes[0].name"; "<nil>" is the object itself. */
  field: string;
  value?: unknown;
  /** The value as it is shown, where that is not its JSON with the members in order. */
  shown?: string;
  detail: string;
}

/** A value that is not shown. */
export const OMITTED: unique symbol = Symbol("omitted");

const WITHOUT_VALUE: ReadonlySet<FieldError["reason"]> = new Set([
  "FieldValueRequired",
  "FieldValueForbidden",
  "FieldValueTooLong",
]);

/** The mistake without its field: what a cause says. */
export function fieldErrorBody({ reason, value, shown, detail }: FieldError): string {
  const title = WITHOUT_VALUE.has(reason) || value === OMITTED
    ? TITLES[reason]
    : `${TITLES[reason]}: ${shown ?? quote(value)}`;
  return detail === "" ? title : `${title}: ${detail}`;
}

/** The mistake with its field: what the message says. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** The cause that a metav1.Status lists. */
export function causeOf(error: FieldError): { reason: string; message: string; field: string } {
  return { reason: error.reason, message: fieldErrorBody(error), field: error.field };
}

/** A value as Go prints it: JSON with its keys in order. */
export function quote(value: unknown): string {
  if (value === undefined) return "null";
  return goEscape(JSON.stringify(sorted(value)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]),
  );
}

/** encoding/json also escapes what a browser could take for markup. Plain strings are printed without that. */
function goEscape(text: string): string {
  if (text.startsWith('"')) return text;
  return text.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
}

/** "supported values: "a", "b"" */
export function notSupported(
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    field,
    value,
    detail: supported.length === 0 ? "" : `supported values: ${list}`,
  };
}

/** A missing value. */
export function required(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", field, detail };
}

/** A value that breaks a rule. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, value, detail };
}

/** A value that appears twice. */
export function duplicate(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", field, value, detail: "" };
}

/** A value that may not be given here. */
export function forbidden(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, detail };
}

/** A string that is too long; bytes unless the detail says otherwise. */
export function tooLong(field: string, bytesMax: number): FieldError {
  const unit = bytesMax === 1 ? "byte" : "bytes";
  return { reason: "FieldValueTooLong", field, detail: `may not be more than ${bytesMax} ${unit}` };
}
