/** What a VM's matcher leads to. */
import type { MatcherField } from "./matcher.ts";
import type { SpecOf } from "./compatibility.ts";
import type { SizeObject } from "./revision.ts";
import type { Size } from "./size.ts";

export type Found<Field extends MatcherField> =
  /** The stored copy that the VM uses. */
  | { from: "revision"; name: string; spec: SpecOf[Field] }
  /** The object as it is now: the VM uses it for the first time. */
  | { from: "object"; object: SizeObject & { spec: SpecOf[Field] } }
  /** There is none, or none that can be read. */
  | { from: "nowhere"; why: string };

/** `undefined`: the VM has no such matcher. */
export type FoundSize = { [Field in MatcherField]?: Found<Field> | undefined };

/** What there is of both. */
export function sizeOf({ instancetype, preference }: FoundSize): Size {
  return {
    instancetype: specOfFound<"instancetype">(instancetype),
    preference: specOfFound<"preference">(preference),
  };
}

function specOfFound<Field extends MatcherField>(
  found: Found<Field> | undefined,
): SpecOf[Field] | undefined {
  switch (found?.from) {
    case "revision":
      return found.spec;
    case "object":
      return found.object.spec;
    default:
      return undefined;
  }
}
