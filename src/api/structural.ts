/**
 * The few shapes that zod has no word for and a structural schema needs: exact integers, list and map semantics of
 * server-side apply, open enumerations. Everything here only adds JSON Schema keywords; nothing transforms or defaults.
 *
 * Parsing checks shapes. Which values are acceptable is written into the CRDs and enforced by the API server (bounds,
 * patterns, enumerations), or by each kind's `validate.ts`: a value that a later release allows is no parse error.
 */
import * as z from "zod";

/** A field that may be absent, but is never `undefined` or null: as in JSON. */
export function optional<T extends z.ZodType>(schema: T): z.ZodExactOptional<T> {
  return z.exactOptional(schema);
}

/** The values that the API server accepts for an integer. */
export interface IntegerBounds {
  minimum?: number;
  maximum?: number;
}

function integer(keywords: IntegerBounds & { format?: string }): z.ZodNumber {
  return z.number().refine(Number.isInteger, { error: "Invalid input: expected integer" })
    .meta({ type: "integer", ...keywords });
}

/** An integer. Beyond 2^53 it has already been rounded by JSON.parse. */
export function int(bounds: IntegerBounds = {}): z.ZodNumber {
  return integer(bounds);
}

/** An integer that upstream keeps in 32 bits. */
export function int32(bounds: IntegerBounds = {}): z.ZodNumber {
  return integer({ format: "int32", ...bounds });
}

/** An integer that upstream keeps in 64 bits. */
export function int64(bounds: IntegerBounds = {}): z.ZodNumber {
  return integer({ format: "int64", ...bounds });
}

/** A string with the values that the API server accepts today. */
export function openEnum(...values: string[]): z.ZodString {
  return z.string().meta({ enum: values });
}

/** A list that one manager owns as a whole. */
export function atomicList<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item).meta({ "x-kubernetes-list-type": "atomic" });
}

/** A list whose values are unique and are owned one by one. */
export function setList<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item).meta({ "x-kubernetes-list-type": "set" });
}

/** A list of objects that are owned one by one, told apart by `keys`. */
export function mapList<T extends z.ZodType>(item: T, ...keys: string[]): z.ZodArray<T> {
  return z.array(item).meta({
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
  });
}

/** A string map. */
export function stringMap(): z.ZodRecord<z.ZodString, z.ZodString> {
  return z.record(z.string(), z.string());
}

/** JSON Schema keyword of {@link opaque}; never reaches a CRD. */
export const OPAQUE = "x-denovirt-opaque";

/** An object whose fields we know, but whose CRD schema names none of them. */
export function opaque<T extends z.ZodObject>(schema: T): T {
  return schema.meta({ ...schema.meta(), [OPAQUE]: true });
}

/** A point in time, RFC 3339. */
export const Time = z.string().meta({ format: "date-time" });
export type Time = z.infer<typeof Time>;

/** A length of time as Go writes it: "168h0m0s". */
export const Duration = z.string();
export type Duration = z.infer<typeof Duration>;

/** An integer, or a name for one: ports and the like. */
export const IntOrString = z.union([int(), z.string()]).meta({
  "x-kubernetes-int-or-string": true,
});
export type IntOrString = z.infer<typeof IntOrString>;
