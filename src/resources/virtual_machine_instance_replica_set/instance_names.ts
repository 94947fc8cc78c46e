/** Names of a set's instances: made from a place in the set, so that a second creation finds the first. */
import { sha1Hex } from "../sha1.ts";

/** Hexadecimal digits; as long as what the API server adds to a generated name. */
const SUFFIX_LENGTH = 5;
/** A guest's name is also a label's value. */
const NAME_LENGTH_MAX = 63;

/**
 * The first `count` names that are not `taken`. While the cache does not show an instance, its name is given again, and its
 * creation changes nothing.
 */
export function freeNames(
  set: { name: string; uid: string },
  { count, taken }: { count: number; taken: ReadonlySet<string> },
): string[] {
  const names = new Set<string>();
  for (let place = 0; names.size < count; place += 1) {
    const name = nameAt(set, place);
    if (!taken.has(name)) names.add(name);
  }
  return [...names];
}

function nameAt({ name, uid }: { name: string; uid: string }, place: number): string {
  const suffix = sha1Hex(`${uid}/${place}`).slice(0, SUFFIX_LENGTH);
  return `${name.slice(0, NAME_LENGTH_MAX - SUFFIX_LENGTH)}${suffix}`;
}
