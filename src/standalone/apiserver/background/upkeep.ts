/** What keeps the store small: history is forgotten, and events expire. */
import { storeKey } from "../kinds/kind.ts";
import { metaOf } from "../objects/prepare_object.ts";
import { RevisionConflictError } from "../store/store.ts";
import type { BackgroundParts } from "./garbage_collector.ts";

/** etcd's history is forgotten after five minutes. */
export const HISTORY_MS = 5 * 60_000;
/** kube-apiserver keeps an event for an hour after its last change. */
export const EVENT_MS = 60 * 60_000;
const INTERVAL_MS = 60_000;

/** Until the signal aborts. */
export async function runUpkeep(
  parts: Pick<BackgroundParts, "store" | "kinds" | "onError"> & { now: () => Date },
  signal: AbortSignal,
): Promise<void> {
  const { store, onError } = parts;
  const marks: { at: number; revision: number }[] = [];
  while (!signal.aborted) {
    const now = parts.now().getTime();
    marks.push({ at: now, revision: store.revision });
    while (marks.length > 1 && marks[1]!.at <= now - HISTORY_MS) marks.shift();
    try {
      if (marks[0]!.at <= now - HISTORY_MS) store.compact(marks[0]!.revision);
      await expireEvents(parts, now);
    } catch (error) {
      onError("Cannot tidy the store", error);
    }
    await pause(INTERVAL_MS, signal);
  }
}

/** Removes events that nothing was added to for an hour. */
export async function expireEvents(
  { store, kinds }: Pick<BackgroundParts, "store" | "kinds">,
  now: number,
): Promise<void> {
  const kind = kinds.kind("v1", "Event")?.kind;
  if (kind === undefined || store.readOnlyBecause !== undefined) return;
  for (const { key, value, revision } of store.list({ prefix: storeKey(kind) }).values) {
    const event = JSON.parse(value);
    const times = [event.lastTimestamp, event.series?.lastObservedTime, event.eventTime];
    const last = Math.max(
      ...[...times, metaOf(event).creationTimestamp].map((each) => Date.parse(each) || 0),
    );
    if (last > now - EVENT_MS) continue;
    try {
      await store.write({ key, expected: revision, deleted: true, value: () => value }).durable;
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
