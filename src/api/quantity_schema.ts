/** The schema of a {@link Quantity}, apart from its arithmetic, which a start needs before anything is loaded that parses. */
import * as z from "zod";
import { type Quantity as Amount, QUANTITY_GRAMMAR, QUANTITY_PATTERN } from "./quantity.ts";
import { int } from "./structural.ts";

function explain(issue: { input?: unknown }): string {
  return `Invalid quantity: must be ${QUANTITY_GRAMMAR}: got ${JSON.stringify(issue.input)}`;
}

/** An amount of memory, storage or CPU. Sent as a string, or as an integer. */
export const Quantity: z.ZodType<Amount> = z.union(
  [int(), z.string().regex(QUANTITY_PATTERN, { error: explain })],
  { error: explain },
).meta({ "x-kubernetes-int-or-string": true, pattern: QUANTITY_PATTERN.source });
export type Quantity = Amount;
