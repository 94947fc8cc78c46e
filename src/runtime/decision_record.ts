/** What was decided on which world, for a line of the log: worked out where the line is written, and not before. */
import type { KubeObject } from "../kube/object.ts";

/** A world is objects, lists of them, and records that hold both. */
const DEPTH_MAX = 4;

export class DecisionRecord {
  readonly #actions: readonly { type: string }[];
  readonly #world: unknown;

  constructor(actions: readonly { type: string }[], world: unknown) {
    this.#actions = actions;
    this.#world = world;
  }

  /** `versions`: `uid@resourceVersion` of each object that was observed, sorted. */
  toJSON(): { actions: string[]; versions: string[] } {
    const versions = new Set(versionsIn(this.#world, DEPTH_MAX));
    return { actions: this.#actions.map(({ type }) => type), versions: [...versions].sort() };
  }
}

function versionsIn(value: unknown, depth: number): string[] {
  if (typeof value !== "object" || value === null || depth < 0) return [];
  const { uid, resourceVersion } = (value as Partial<KubeObject>).metadata ?? {};
  if (resourceVersion !== undefined) return [`${uid}@${resourceVersion}`];
  return Object.values(value).flatMap((each) => versionsIn(each, depth - 1));
}
