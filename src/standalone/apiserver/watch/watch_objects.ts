/** One watch: what exists, then what changes, as its selection sees it. */
import type { JsonObject } from "../../../kube/json.ts";
import { type ServedKind, storeKey, toServed } from "../kinds/kind.ts";
import {
  type ListRequest,
  ObjectReader,
  type Selection,
  selectionOf,
  versionNumber,
} from "../objects/object_reader.ts";
import { expired } from "../objects/api_error.ts";
import { withMeta } from "../objects/prepare_object.ts";
import { invalid } from "../status_error.ts";
import { forbidden as forbiddenField } from "../field_error.ts";
import { CompactedError } from "../store/store.ts";
import type { Change, WatchHub } from "./watch_hub.ts";

/** The parameters of a watch. */
export interface WatchRequest extends Omit<ListRequest, "limit" | "continue"> {
  allowBookmarks: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number | undefined;
  signal: AbortSignal;
}

/** What a watch tells. `change` is there when the object is shown just as it was stored. */
export type ObjectEvent =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: () => JsonObject; change?: Change }
  | { type: "BOOKMARK"; revision: number; initialEventsEnd: boolean };

/** The API server ends a watch after 30 to 60 minutes, at random. */
const TIMEOUT_MIN_MS = 30 * 60_000;
/** A bookmark at least so often, for who wants them. */
const BOOKMARK_INTERVAL_MS = 60_000;

/**
 * Tells events until the timeout, the signal or the end of the hub. Throws a 410 for a version that is forgotten, and for
 * a watch that could not keep up. Parameters are checked before the first event is asked for.
 */
export function watchObjects(
  request: WatchRequest,
  parts: { hub: WatchHub; reader: ObjectReader },
): AsyncGenerator<ObjectEvent[]> {
  checkInitialEvents(request);
  const selection = selectionOf(request);
  const version = versionNumber(request.resourceVersion, "get");
  parts.reader.checkVersion(version);
  return run(request, { ...parts, selection, version });
}

interface Run {
  hub: WatchHub;
  reader: ObjectReader;
  selection: Selection | undefined;
  version: number;
}

async function* run(request: WatchRequest, parts: Run): AsyncGenerator<ObjectEvent[]> {
  const { hub } = parts;
  const { served, namespace, signal, allowBookmarks } = request;
  const prefix = storeKey(served.kind, { namespace });
  const kindPrefix = storeKey(served.kind);
  hub.changes(kindPrefix, hub.revision); // Recent changes are kept from now on.
  using pause = new Pause(request.timeoutSeconds, signal);
  let revision = parts.version;
  if (wantsInitial(request, revision)) {
    const { items, revision: at } = await parts.reader.list(initialList(request));
    revision = at;
    yield items.map((object) => ({ type: "ADDED", object: () => object }));
    if (request.sendInitialEvents && allowBookmarks) yield [bookmark(revision, true)];
  }
  while (!signal.aborted) {
    const changes = after(hub, kindPrefix, revision);
    revision = changes.at(-1)?.revision ?? Math.max(revision, hub.revision);
    const events = changes.filter(({ key }) => key.startsWith(prefix))
      .map((change) => seen(change, served, parts.selection)).filter((event) =>
        event !== undefined
      );
    if (events.length > 0) yield events;
    if (pause.expired) break;
    if (changes.length > 0) continue;
    using _waking = hub.wakeOn(kindPrefix, pause.wake);
    if (await pause.wait() === "bookmark" && allowBookmarks) {
      yield [bookmark(Math.max(revision, hub.revision), false)];
    }
  }
  if (allowBookmarks && !signal.aborted) yield [bookmark(revision, false)];
}

function wantsInitial({ sendInitialEvents }: WatchRequest, version: number): boolean {
  return sendInitialEvents ?? version === 0;
}

function initialList(
  { served, namespace, labelSelector, fieldSelector }: WatchRequest,
): ListRequest {
  return { served, namespace, labelSelector, fieldSelector };
}

function bookmark(revision: number, initialEventsEnd: boolean): ObjectEvent {
  return { type: "BOOKMARK", revision, initialEventsEnd };
}

function after(hub: WatchHub, kindPrefix: string, revision: number): Change[] {
  try {
    return hub.changes(kindPrefix, revision);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw expired(`too old resource version: ${revision} (${error.compacted})`);
  }
}

/** An object that enters the selection is added for this watch, one that leaves it is deleted. */
function seen(
  change: Change,
  served: ServedKind,
  selection: Selection | undefined,
): ObjectEvent | undefined {
  const was = !change.isNew && (selection?.(change.previous!) ?? true);
  const is = !change.deleted && (selection?.(change.object) ?? true);
  const object = () => toServed(served, change.object);
  if (was && is) return { type: "MODIFIED", object, change };
  if (is) return { type: "ADDED", object, change };
  if (!was) return undefined;
  if (change.deleted) return { type: "DELETED", object, change };
  // What left the selection is shown as it was in it.
  const resourceVersion = String(change.revision);
  return {
    type: "DELETED",
    object: () => toServed(served, withMeta(change.previous!, { resourceVersion })),
  };
}

function checkInitialEvents(request: WatchRequest): void {
  const { sendInitialEvents, resourceVersionMatch: match } = request;
  const fail = (detail: string, field: string) =>
    invalid({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, [
      forbiddenField(field, detail),
    ]);
  if (sendInitialEvents === undefined) {
    if (match) {
      throw fail(
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        "resourceVersionMatch",
      );
    }
  } else if (match !== "NotOlderThan") {
    throw fail(
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
      "resourceVersionMatch",
    );
  }
}

/** Waits for a change, for the time of a bookmark, or for the end of the watch. */
class Pause implements Disposable {
  readonly #timeout: ReturnType<typeof setTimeout>;
  readonly #interval: ReturnType<typeof setInterval>;
  readonly #signal: AbortSignal;
  #resolve: (why: "change" | "bookmark") => void = () => {};
  #woken = false;
  expired = false;

  constructor(timeoutSeconds: number | undefined, signal: AbortSignal) {
    const timeoutMs = timeoutSeconds ? timeoutSeconds * 1000 : TIMEOUT_MIN_MS * (1 + Math.random());
    this.#timeout = setTimeout(() => {
      this.expired = true;
      this.wake();
    }, timeoutMs);
    this.#interval = setInterval(() => this.#resolve("bookmark"), BOOKMARK_INTERVAL_MS);
    this.#signal = signal;
    signal.addEventListener("abort", this.wake);
  }

  readonly wake = (): void => {
    this.#woken = true;
    this.#resolve("change");
  };

  async wait(): Promise<"change" | "bookmark"> {
    const why = this.#woken || this.#signal.aborted
      ? "change"
      : await new Promise<"change" | "bookmark">((resolve) => this.#resolve = resolve);
    this.#woken = false;
    return why;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timeout);
    clearInterval(this.#interval);
    this.#signal.removeEventListener("abort", this.wake);
  }
}
