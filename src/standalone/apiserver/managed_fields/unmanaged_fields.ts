/** Fields that no manager owns: the server's own, and those that an endpoint leaves as they are. */
import type { Schema } from "../schema/schema.ts";
import { FieldSet } from "./field_set.ts";

/** The server writes these, or they name the object. */
export const SERVER_FIELDS: FieldSet = FieldSet.of(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", `f:${name}`]),
);

/** What a write to this endpoint does not change: status but by its subresource, and everything else there. */
export function fieldsResetBy(endpoint: {
  schema: Schema;
  kind: string;
  subresource: string;
  statusSubresource: boolean;
}): FieldSet {
  if (!endpoint.statusSubresource) return new FieldSet();
  if (endpoint.subresource === "status") {
    const pod = [["f:metadata", "f:deletionTimestamp"], ["f:metadata", "f:ownerReferences"]];
    return FieldSet.of(["f:spec"], ...(endpoint.kind === "Pod" ? pod : []));
  }
  return endpoint.subresource === "" ? FieldSet.of(["f:status"]) : new FieldSet();
}
