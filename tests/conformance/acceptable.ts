/**
 * Makes a fully filled object acceptable to the API server. Upstream's fixtures hold placeholders ("rebootPolicyValue",
 * 2^63 + n) where schemas want one of a few values; every field stays, only such values change.
 */
import type { StructuralSchema } from "../../src/api/custom_resource_definition.ts";

/** A value of each pattern that is in use, other than the grammar of quantities, which fixtures keep. */
const SAMPLES: readonly string[] = ["0.055"];

/** The value with every placeholder that `schema` refuses replaced by one that it accepts. */
export function acceptable(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value)) return value.map((item) => acceptable(item, schema.items ?? {}));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        acceptable(member, schema.properties?.[name] ?? schema.additionalProperties ?? {}),
      ]),
    );
  }
  if (typeof value === "string") return acceptableString(value, schema);
  if (typeof value === "number" && schema.type === "integer") {
    const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema;
    return Math.min(Math.max(value, minimum), maximum);
  }
  return value;
}

function acceptableString(value: string, schema: StructuralSchema): unknown {
  const { enum: values, pattern } = schema;
  if (values !== undefined) return values.includes(value) ? value : values[0];
  if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    return SAMPLES.find((sample) => new RegExp(pattern).test(sample));
  }
  const rules = schema["x-kubernetes-validations"] ?? [];
  return rules.some(({ rule }) => rule === "self.startsWith('/')") ? `/${value}` : value;
}
