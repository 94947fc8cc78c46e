/** The whole schema of a custom resource's version: what its CRD says, and what every object has. */
import { objectMetaSchema } from "./core_schemas.ts";
import type { Schema } from "./schema.ts";

const STRING: Schema = { type: "string" };

/** The structural schema of a CustomResourceDefinition with `apiVersion`, `kind` and `metadata`. */
export function customResourceSchema(structural: Schema): Schema {
  return withEmbedded({ ...structural, "x-kubernetes-embedded-resource": true });
}

function withEmbedded(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  const members = properties && Object.fromEntries(
    Object.entries(properties).map(([name, member]) => [name, withEmbedded(member)]),
  );
  const described: Schema = {
    ...schema,
    ...(members && { properties: members }),
    ...(items && { items: withEmbedded(items) }),
    ...(typeof additionalProperties === "object" && {
      additionalProperties: withEmbedded(additionalProperties),
    }),
  };
  if (!schema["x-kubernetes-embedded-resource"]) return described;
  return {
    ...described,
    properties: {
      ...described.properties,
      apiVersion: { ...STRING, ...properties?.apiVersion },
      kind: { ...STRING, ...properties?.kind },
      metadata: { ...properties?.metadata, ...objectMetaSchema() },
    },
  };
}
