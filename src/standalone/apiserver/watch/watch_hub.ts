/**
 * Hands the store's changes to any number of watches. Nothing is queued for anybody: a watch asks for what came after the
 * last revision that it has seen, and gets it from the recent changes that all share, or from the store's history. One that
 * is too slow for both is told that what it missed is forgotten.
 */
import type { JsonObject } from "../../../kube/json.ts";
import type { Store, StoreEvent } from "../store/store.ts";

/** Recent changes that are kept for each kind. */
const RECENT_MAX = 1_000;
/** Characters of JSON that they may be together. */
const RECENT_LENGTH_MAX = 4 * 1024 * 1024;
/** Watches have seen them by then; others read history. Objects in them are parsed, and take many times their text. */
const RECENT_MS = 5_000;
/** Changes that are read from history at a time. */
const CHUNK = 200;

/** A change of an object in its stored form. Parsed and encoded once for all watches: leave objects as they are. */
export class Change {
  readonly revision: number;
  readonly deleted: boolean;
  readonly text: string;
  readonly key: string;
  readonly #previousText: string | undefined;
  #object: JsonObject | undefined;
  #previous: JsonObject | undefined;
  #line: { type: string; bytes: Uint8Array } | undefined;

  constructor({ key, value, revision, deleted, previous }: StoreEvent) {
    this.key = key;
    this.text = value;
    this.revision = revision;
    this.deleted = deleted;
    this.#previousText = previous;
  }

  get object(): JsonObject {
    return this.#object ??= JSON.parse(this.text);
  }

  /** The state before; `undefined` for a new object. */
  get previous(): JsonObject | undefined {
    if (this.#previousText === undefined) return undefined;
    return this.#previous ??= JSON.parse(this.#previousText);
  }

  get isNew(): boolean {
    return this.#previousText === undefined;
  }

  /** The line of a watch that shows the stored form. */
  line(type: string): Uint8Array {
    if (this.#line?.type !== type) {
      const bytes = new TextEncoder().encode(`{"type":"${type}","object":${this.text}}\n`);
      this.#line = { type, bytes };
    }
    return this.#line.bytes;
  }
}

interface Recent {
  changes: Change[];
  length: number;
  /** Revision after which all changes are here. */
  since: number;
  wakers: Set<() => void>;
}

export class WatchHub implements Disposable {
  readonly #store: Store;
  readonly #recent = new Map<string, Recent>();
  readonly #listening: Disposable;
  /** Of the last change that was heard of. */
  #revision: number;
  #forgetting: ReturnType<typeof setTimeout> | undefined;
  readonly #recentMs: number;

  /** `recentMs`: for how long changes are kept at least. @default {@link RECENT_MS} */
  constructor(store: Store, { recentMs = RECENT_MS } = {}) {
    this.#store = store;
    this.#recentMs = recentMs;
    this.#revision = store.revision;
    this.#listening = store.onChange((events) => this.#hear(events));
  }

  /** Up to which revision {@link changes} tells everything. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Changes of a kind after a revision, oldest first and not necessarily all; none when there are none yet. Throws
   * `CompactedError` when some are forgotten.
   */
  changes(kindPrefix: string, revision: number): Change[] {
    const recent = this.#of(kindPrefix);
    if (revision >= this.#revision) return [];
    if (revision >= recent.since) {
      const first = firstAfter(recent.changes, revision);
      return recent.changes.slice(first, first + CHUNK);
    }
    return this.#store.since({ prefix: kindPrefix, revision, limit: CHUNK })
      .map((event) => new Change(event));
  }

  /** Calls back at the next change of a kind, once. */
  wakeOn(kindPrefix: string, wake: () => void): Disposable {
    const { wakers } = this.#of(kindPrefix);
    wakers.add(wake);
    return { [Symbol.dispose]: () => void wakers.delete(wake) };
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    clearTimeout(this.#forgetting);
    for (const { wakers } of this.#recent.values()) for (const wake of wakers) wake();
  }

  #of(kindPrefix: string): Recent {
    let recent = this.#recent.get(kindPrefix);
    if (recent === undefined) {
      recent = { changes: [], length: 0, since: this.#revision, wakers: new Set() };
      this.#recent.set(kindPrefix, recent);
    }
    return recent;
  }

  #hear(events: readonly StoreEvent[]): void {
    const touched = new Set<Recent>();
    for (const event of events) {
      const recent = this.#recent.get(kindPrefixOf(event.key));
      if (recent === undefined) continue; // Nobody has watched this kind yet.
      touched.add(recent);
      recent.changes.push(new Change(event));
      recent.length += event.value.length;
    }
    this.#revision = events.at(-1)?.revision ?? this.#revision;
    for (const recent of touched) {
      shorten(recent);
      for (const wake of recent.wakers) wake();
    }
    if (touched.size > 0) this.#forgetLater();
  }

  /** What is recent now is forgotten after that time, and what comes meanwhile after twice that. */
  #forgetLater(): void {
    if (this.#forgetting !== undefined) return;
    const until = this.#revision;
    this.#forgetting = setTimeout(() => {
      this.#forgetting = undefined;
      const all = [...this.#recent.values()];
      for (const recent of all) forget(recent, firstAfter(recent.changes, until));
      if (all.some(({ changes }) => changes.length > 0)) this.#forgetLater();
    }, this.#recentMs);
  }
}

function shorten(recent: Recent): void {
  let count = 0;
  let { length } = recent;
  while (
    recent.changes.length - count > RECENT_MAX ||
    (length > RECENT_LENGTH_MAX && count < recent.changes.length - 1)
  ) {
    length -= recent.changes[count++]!.text.length;
  }
  forget(recent, count);
}

/** Its oldest changes. */
function forget(recent: Recent, count: number): void {
  for (const { text, revision } of recent.changes.splice(0, count)) {
    recent.length -= text.length;
    recent.since = revision;
  }
}

function firstAfter(changes: readonly Change[], revision: number): number {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]!.revision > revision) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** "/registry/GROUP/PLURAL/" */
function kindPrefixOf(key: string): string {
  return key.split("/", 4).join("/") + "/";
}
