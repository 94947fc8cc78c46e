/** Rules of names and lists that several validators share. */
import { type Cause, duplicate } from "../../cause.ts";

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** RFC 1035. */
export const DNS_LABEL_LENGTH_MAX = 63;
/** RFC 1035, without the trailing dot. */
export const DNS_NAME_LENGTH_MAX = 253;

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
  return values.filter((value) => value !== undefined && value !== null).length;
}
