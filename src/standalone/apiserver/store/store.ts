/**
 * The port to where objects are kept: keys and JSON texts, one counter of revisions over all of them, and the history that
 * watches resume from. Calls are synchronous, so that reading, deciding and writing an object is one step; only that a write
 * has reached the disk takes time. An adapter passes `store_contract.ts`.
 */

/** A key's state as of its last change. */
export interface StoredValue {
  key: string;
  value: string;
  revision: number;
}

/** One change, in the order of revisions. */
export interface StoreEvent extends StoredValue {
  /** The value is then the last state, as watchers are to see it. */
  deleted: boolean;
  /** The state before. Absent: the key is new. */
  previous?: string;
}

/** A change to be made. */
export interface StoreWrite {
  key: string;
  /** Revision of the state that was read; 0: there is none. */
  expected: number;
  /** The new state, given the revision that it will have: objects carry it. */
  value: (revision: number) => string;
  /** @default false */
  deleted?: boolean;
}

/** A change that was accepted. Nobody may be told before it is durable. */
export interface StoreWritten {
  revision: number;
  value: string;
  /** Rejects with {@link StoreUnavailableError} when the write was lost after all. */
  durable: Promise<void>;
}

export interface StoreRange {
  /** Keys that begin with it. */
  prefix: string;
  /** Only keys after this one. */
  after?: string;
  limit?: number;
  /** As of this revision. @default now */
  revision?: number;
}

export interface StorePage {
  values: StoredValue[];
  /** Whether there are keys beyond the limit. */
  more: boolean;
}

export interface Store extends Disposable {
  /** Revision of the last change, the first being 2. */
  readonly revision: number;
  /** History begins after it: nothing before can be listed or resumed from. */
  readonly compacted: number;
  /** Why nothing can be written; `undefined`: it can. */
  readonly readOnlyBecause: string | undefined;
  /** Reads see what was written before, durable or not: await {@link settled} before telling anybody. */
  get(key: string): StoredValue | undefined;
  /** Throws {@link CompactedError} for a revision that is forgotten. */
  list(range: StoreRange): StorePage;
  count(prefix: string): number;
  /** Throws {@link RevisionConflictError} when the key's revision is not the expected one. */
  write(write: StoreWrite): StoreWritten;
  /** Resolves when everything that can be read now is durable. */
  settled(): Promise<void>;
  /** Changes after a revision, oldest first. Throws {@link CompactedError} when some are forgotten. */
  since(range: { prefix: string; revision: number; limit: number }): StoreEvent[];
  /** Tells of changes once they are durable, a batch at a time. */
  onChange(listener: (events: readonly StoreEvent[]) => void): Disposable;
  /** Forgets the history up to a revision. */
  compact(revision: number): void;
}

/** The key was changed by somebody else. */
export class RevisionConflictError extends Error {
  override name = "RevisionConflictError";
}

/** What was asked for is history that is no longer kept. */
export class CompactedError extends Error {
  override name = "CompactedError";
  constructor(readonly revision: number, readonly compacted: number) {
    super(`Cannot read revision ${revision}: history begins after ${compacted}`);
  }
}

/** The store cannot take writes, or not even be read. The message is for who runs the machine. */
export class StoreUnavailableError extends Error {
  override name = "StoreUnavailableError";
}
