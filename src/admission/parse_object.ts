/** Takes a raw object for one of our kinds, without changing it. */
import { z } from "zod";
import { type Cause, invalid } from "../resources/cause.ts";

/** The object without nulls, and known to have the shape of the schema; fields that we do not know are still in it. */
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

/** Go clients write null for what they leave out. Returns a copy. */
function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== null)
      .map(([key, item]) => [key, dropNulls(item)]),
  );
}
