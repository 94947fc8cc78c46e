/** Causes in the words of Kubernetes' own validation, which say field and value themselves. */
import { type Cause, invalid, notSupported, required } from "../../cause.ts";

export function requiredValue(field: string, detail: string): Cause {
  return required(field, `${field}: Required value: ${detail}`);
}

export function invalidValue(field: string, value: unknown, detail: string): Cause {
  return invalid(field, `${field}: Invalid value: ${JSON.stringify(value ?? "")}: ${detail}`);
}

export function unsupportedValue(
  field: string,
  value: string,
  supported: readonly string[],
): Cause {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `${field}: Unsupported value: ${
    JSON.stringify(value)
  }: supported values: ${list}`;
  return notSupported(field, message);
}
