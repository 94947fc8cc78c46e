/** Makes an object in which every field of a schema is set, for kinds of which upstream keeps no fixture. */
import type { StructuralSchema } from "../../src/api/custom_resource_definition.ts";

/** Values of each pattern that is in use. */
const SAMPLES: readonly string[] = ["1Gi", "0.055", "Sample", "AVeryGoodReason"];
const TIME = "2026-01-02T03:04:05Z";

/** Values that rules across fields ask for, by the names of their last two path elements. */
const RULED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["source.apiGroup", "kubevirt.io"],
  ["source.kind", "VirtualMachine"],
]);

/** A value with every field of `schema` set to something that the schema accepts. */
export function filled(schema: StructuralSchema, path: readonly string[] = []): unknown {
  const ruled = RULED.get(path.slice(-2).join("."));
  if (ruled !== undefined) return ruled;
  const { properties, items, additionalProperties, minimum = 1 } = schema;
  if (schema["x-kubernetes-int-or-string"] === true) {
    return schema.pattern === undefined ? 1 : filledString(schema, path);
  }
  switch (schema.type) {
    case "object":
      if (additionalProperties !== undefined) {
        return { sample: filled(additionalProperties, [...path, "sample"]) };
      }
      return Object.fromEntries(
        Object.entries(properties ?? {}).map((
          [name, child],
        ) => [name, filled(child, [...path, name])]),
      );
    case "array":
      return items === undefined ? [] : [filled(items, [...path, "[]"])];
    case "boolean":
      return true;
    case "integer":
    case "number":
      return minimum;
    default:
      return filledString(schema, path);
  }
}

function filledString(
  { enum: values, format, pattern, "x-kubernetes-validations": rules = [] }: StructuralSchema,
  path: readonly string[],
): unknown {
  if (values !== undefined) return values[0];
  if (format === "date-time") return TIME;
  if (pattern !== undefined) return SAMPLES.find((sample) => new RegExp(pattern).test(sample));
  if (rules.some(({ rule }) => rule === "self.startsWith('/')")) return "/sample";
  return `${path.at(-1)}-sample`;
}
