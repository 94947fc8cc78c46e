/** How a custom resource is read by its schema. */
import type { JsonObject } from "../../../kube/json.ts";
import { applyDefaults } from "./default_values.ts";
import { prune, type Pruned } from "./prune.ts";
import type { Schema } from "./schema.ts";

/**
 * The object as it is stored, by {@link customResourceSchema}: pruned, without nulls that the schema does not allow, with
 * its defaults. To be asked again after admission, which may add what is unknown.
 */
export function readCustomResource(object: JsonObject, schema: Schema): Pruned {
  const { object: pruned, unknown } = prune(object, schema);
  return { object: applyDefaults(pruned, schema), unknown };
}
