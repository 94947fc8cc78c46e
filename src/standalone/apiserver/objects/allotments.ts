/** Hands out what all objects of a kind share, to one write at a time. */
import type { JsonObject } from "../../../kube/json.ts";
import { type ServedKind, storeKey } from "../kinds/kind.ts";
import { invalid } from "../status_error.ts";
import type { Store } from "../store/store.ts";
import { metaOf } from "./prepare_object.ts";

/** The object with its part, which is its own until disposal: from then on the store is to tell of it. */
export interface HeldAllotment extends Disposable {
  object: JsonObject;
}

export class Allotments {
  readonly #store: Store;
  /** Not stored yet: their writes wait for admission, or for the disk. */
  readonly #held = new Set<JsonObject>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Refuses what asks for what another has. */
  allot(
    { kind, form }: ServedKind,
    object: JsonObject,
    { old, subresource }: { old?: JsonObject; subresource?: string | undefined } = {},
  ): HeldAllotment {
    const { allot } = kind.rules;
    if (allot === undefined || subresource !== undefined) {
      return { object, [Symbol.dispose]() {} };
    }
    const { uid, name = "" } = metaOf(object);
    const stored = this.#store.list({ prefix: storeKey(kind) }).values
      .map(({ value }): JsonObject => JSON.parse(value));
    const others = [...stored, ...this.#held]
      .filter((each) => each.kind === kind.kind && metaOf(each).uid !== uid);
    const allotted = allot(object, old, { others, random: Math.random });
    if ("errors" in allotted) {
      throw invalid({ group: form.group, kind: kind.kind, name }, allotted.errors);
    }
    this.#held.add(allotted.object);
    return {
      object: allotted.object,
      [Symbol.dispose]: () => void this.#held.delete(allotted.object),
    };
  }
}
