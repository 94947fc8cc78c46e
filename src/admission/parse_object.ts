/** Takes a raw object for one of our kinds, without changing it. */
import { z } from "zod";
import { type Cause, invalid } from "../resources/cause.ts";

/** The object without nulls, and known to have the shape of the schema; fields that we do not know are still in it. Not to be changed. */
export type ParsedObject<T> = { object: T } | { causes: Cause[] };

export function parseObject<T>(
  raw: Record<string, unknown> | null | undefined,
  schema: z.ZodType<T>,
): ParsedObject<T> {
  const object = dropNulls(raw ?? {});
  const parsed = schema.safeParse(object);
  if (parsed.success) return { object: object as T };
  return { causes: parsed.error.issues.map(causeOf) };
}

function causeOf(issue: z.core.$ZodIssue): Cause {
  const field = z.core.toDotPath(issue.path);
  return invalid(field, `${field}: ${issue.message}`);
}

/** Go clients write null for what they leave out. What holds none is handed back as it is. */
function dropNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(dropNulls);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const fields = Object.entries(value);
  let kept: [string, unknown][] | undefined;
  for (const [index, [name, item]] of fields.entries()) {
    const clean = dropNulls(item);
    if (clean !== item || item === null) kept ??= fields.slice(0, index);
    if (item !== null) kept?.push([name, clean]);
  }
  return kept === undefined ? value : Object.fromEntries(kept);
}
