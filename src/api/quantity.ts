/** Kubernetes quantities: "1.5Gi", "100m", 4. Pure arithmetic on whole units, no rounding by floating point. */
import { z } from "zod";
import { int } from "./structural.ts";

/** The grammar, as upstream's schemas spell it. */
const QUANTITY_PATTERN =
  /^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$/;

const GRAMMAR = "a number with an optional suffix of Ki Mi Gi Ti Pi Ei, n u m k M G T P E, or an " +
  'exponent: "512Mi", "1.5G", "100m", "1e3"';

/** An amount of memory, storage or CPU. Sent as a string, or as an integer. */
export const Quantity = z.union(
  [int(), z.string().regex(QUANTITY_PATTERN)],
  { error: (issue) => `Invalid quantity: must be ${GRAMMAR}: got ${JSON.stringify(issue.input)}` },
).meta({ "x-kubernetes-int-or-string": true, pattern: QUANTITY_PATTERN.source });
export type Quantity = z.infer<typeof Quantity>;
