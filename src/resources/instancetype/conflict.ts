/** An instancetype and a VM that say the same thing twice: refused, because neither may win silently. */
import { type Cause, invalid } from "../cause.ts";

/** One cause for each field of the VM, with upstream's message. */
export function conflictCauses(paths: readonly string[]): Cause[] {
  return paths.map((path) =>
    invalid(path, `VM field(s) ${path} conflicts with selected instance type`)
  );
}

/** The names of those fields of an object that are set to something. */
export function fieldsSet(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).filter(([, value]) => isSet(value)).map(([name]) => name);
}

/** Zero and false say what an absent field says. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== 0 && value !== false && value !== "";
}
