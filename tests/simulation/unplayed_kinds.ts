/**
 * Kinds that the controllers have caches of, and of which nobody makes an object here: eleven of fifteen. Their caches are filled
 * at once with nothing and hear of nothing; to play their watches too takes a third of a schedule and finds nothing.
 */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { ObjectList, Resource } from "../../src/kube/client.ts";
import { NODES, PODS } from "../../src/kube/core_resources.ts";

const PLAYED: readonly Resource[] = [VIRTUAL_MACHINES, VIRTUAL_MACHINE_INSTANCES, PODS, NODES];

/** Whether lists and watches of it are. */
export function isPlayed(resource: Resource): boolean {
  return PLAYED.includes(resource);
}

export const NONE: ObjectList<never> = { metadata: { resourceVersion: "1" }, items: [] };

/** A watch that says nothing, not even that it was given up: it goes with its process. */
export const SILENCE: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
};
