/** Takes a raw object for one of our kinds, without changing it. */
import * as z from "zod";
import { toDotPath } from "zod/v4/core";
import { dropNulls } from "../api/drop_nulls.ts";
import { type Cause, invalid } from "../resources/cause.ts";
import { hasShape } from "./has_shape.ts";

/** The object without nulls, and known to have the shape of the schema; fields that we do not know are still in it. Not to be changed. */
export type ParsedObject<T> = { object: T } | { causes: Cause[] };

export function parseObject<T>(
  raw: Record<string, unknown> | null | undefined,
  schema: z.ZodType<T>,
): ParsedObject<T> {
  const object = dropNulls(raw ?? {});
  if (hasShape(object, schema)) return { object };
  return { causes: (schema.safeParse(object).error?.issues ?? []).map(causeOf) };
}

function causeOf(issue: z.core.$ZodIssue): Cause {
  const field = toDotPath(issue.path);
  return invalid(field, `${field}: ${issue.message}`);
}
