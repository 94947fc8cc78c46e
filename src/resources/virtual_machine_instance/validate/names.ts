/** Rules of names and lists that several validators share. */
import { type Cause, duplicate } from "../../cause.ts";

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** RFC 1035. */
export const DNS_LABEL_LENGTH_MAX = 63;
/** RFC 1035, without the trailing dot. */
const DNS_NAME_LENGTH_MAX = 253;

/** Kubernetes' names of labels, without their prefix. Values are the same, or empty. */
const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_NAME_LENGTH_MAX = 63;

/** Why a text is no DNS label; `undefined` when it is one. */
export function dnsLabelObjection(text: string): string | undefined {
  if (text.length > DNS_LABEL_LENGTH_MAX) {
    return `must be no more than ${DNS_LABEL_LENGTH_MAX} characters`;
  }
  return DNS_LABEL.test(text)
    ? undefined
    : "a DNS-1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
      "an alphanumeric character";
}

/** Why a text is no name of labels with dots between them; `undefined` when it is one. */
export function dnsSubdomainObjection(text: string): string | undefined {
  return text.length > DNS_NAME_LENGTH_MAX
    ? `must be no more than ${DNS_NAME_LENGTH_MAX} characters`
    : text.split(".").map(dnsLabelObjection).find((one) => one !== undefined);
}

/** Why a text is no key of a label, such as `example.org/zone`; `undefined` when it is one. */
export function labelKeyObjection(key: string): string | undefined {
  const slash = key.indexOf("/");
  const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  if (prefix !== undefined) {
    const objection = dnsSubdomainObjection(prefix);
    if (objection !== undefined) return `prefix part ${objection}`;
  }
  if (name.length > LABEL_NAME_LENGTH_MAX) {
    return `name part must be no more than ${LABEL_NAME_LENGTH_MAX} characters`;
  }
  return LABEL_NAME.test(name)
    ? undefined
    : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
      "alphanumeric character";
}

/** Why a text is no value of a label; `undefined` when it is one. */
export function labelValueObjection(value: string): string | undefined {
  if (value.length > LABEL_NAME_LENGTH_MAX) {
    return `must be no more than ${LABEL_NAME_LENGTH_MAX} characters`;
  }
  return value === "" || LABEL_NAME.test(value)
    ? undefined
    : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must " +
      "start and end with an alphanumeric character";
}

/** One cause for each entry whose name an earlier entry has. */
export function duplicateNames(field: string, entries: readonly { name: string }[]): Cause[] {
  const first = new Map<string, number>();
  return entries.flatMap(({ name }, index) => {
    const other = first.get(name);
    if (other !== undefined) {
      const message = `${field}[${index}] and ${field}[${other}] must not have the same Name.`;
      return [duplicate(`${field}[${index}].name`, message)];
    }
    first.set(name, index);
    return [];
  });
}

/** How many of the values are there. */
export function countPresent(...values: readonly unknown[]): number {
  let count = 0;
  for (const value of values) if (isPresent(value)) count++;
  return count;
}

export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
