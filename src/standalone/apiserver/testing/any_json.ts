/** Any JSON, for properties: few names, so that patches and objects meet. */
import fc from "fast-check";
import type { Json, JsonObject } from "../../../kube/json.ts";

const NAME = fc.constantFrom("a", "b", "c", "name", "list", "__proto__", "constructor", "");
const SCALAR = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom("", "a", "x/y", "~"),
);

const { value, object } = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    SCALAR,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.array(fc.tuple(NAME, tie("value")), { maxLength: 4 }).map(Object.fromEntries),
}));

/** Any value. */
export const ANY_JSON: fc.Arbitrary<Json> = value;
/** Any object. */
export const ANY_OBJECT: fc.Arbitrary<JsonObject> = object;
