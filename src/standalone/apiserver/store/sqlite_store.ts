/**
 * {@link Store} on SQLite. Writes of one turn of the event loop share a transaction and its fsync (WAL, synchronous=FULL);
 * who wrote is told when the commit has returned. History is a row for each revision, as etcd keeps it.
 */
import type { DatabaseSync } from "node:sqlite";
import {
  CompactedError,
  RevisionConflictError,
  type Store,
  type StoredValue,
  type StoreEvent,
  type StorePage,
  type StoreRange,
  StoreUnavailableError,
  type StoreWrite,
  type StoreWritten,
} from "./store.ts";
import { execute, isFault, openDatabase, StoreFault } from "./sqlite_database.ts";
import { SqliteStatements } from "./sqlite_statements.ts";

export interface SqliteStoreOptions {
  /** The database's file; its directory exists. */
  path: string;
  /** Revisions that are kept for watches at most. @default {@link HISTORY_REVISIONS_MAX} */
  historyRevisionsMax?: number;
}

/** Bounds the file: 2 KB each are 100 MB. etcd is bounded by time alone. */
export const HISTORY_REVISIONS_MAX = 50_000;
/** Forgetting is done for this share of the history at a time. */
const COMPACTION_SHARE = 0.1;
/** etcd's first revision is that of the empty store. */
const FIRST_REVISION = 1;

interface Batch {
  events: StoreEvent[];
  durable: PromiseWithResolvers<void>;
}

export class SqliteStore implements Store {
  readonly #path: string;
  readonly #historyMax: number;
  readonly #listeners = new Set<(events: readonly StoreEvent[]) => void>();
  #database: DatabaseSync | undefined;
  #statements: SqliteStatements | undefined;
  #batch: Batch | undefined;
  #revision = FIRST_REVISION;
  #durableRevision = FIRST_REVISION;
  #compacted = 0;
  #readOnlyBecause: string | undefined;

  /**
   * Opens or makes the database. One that is damaged is opened all the same, for reading what can be read:
   * {@link readOnlyBecause} then says why. Throws {@link StoreUnavailableError} when another process has it.
   */
  constructor(options: SqliteStoreOptions) {
    this.#path = options.path;
    this.#historyMax = options.historyRevisionsMax ?? HISTORY_REVISIONS_MAX;
    const { database, fault } = openDatabase(options.path);
    this.#database = database;
    this.#readOnlyBecause = fault;
    if (database === undefined) return;
    try {
      this.#statements = new SqliteStatements(database);
      this.#compacted = this.#statements.compacted();
      this.#revision = Math.max(FIRST_REVISION, this.#compacted, this.#statements.lastRevision());
      this.#durableRevision = this.#revision;
    } catch (error) {
      this.#statements = undefined;
      this.#readOnlyBecause ??= this.#fault(error).message;
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get readOnlyBecause(): string | undefined {
    return this.#readOnlyBecause;
  }

  get(key: string): StoredValue | undefined {
    return this.#read((statements) => statements.get(key));
  }

  list(range: StoreRange): StorePage {
    const { prefix, after = "", limit = Number.MAX_SAFE_INTEGER, revision } = range;
    if (revision !== undefined) this.#assertKept(revision);
    const values = this.#read((statements) => {
      const wanted = { prefix, after, limit: Math.min(limit, Number.MAX_SAFE_INTEGER - 1) + 1 };
      return revision === undefined || revision >= this.#revision
        ? statements.list(wanted)
        : statements.listAt({ ...wanted, revision });
    });
    const more = values.length > limit;
    return { values: more ? values.slice(0, limit) : values, more };
  }

  count(prefix: string): number {
    return this.#read((statements) => statements.count(prefix));
  }

  write({ key, expected, value, deleted = false }: StoreWrite): StoreWritten {
    if (this.#readOnlyBecause !== undefined) throw new StoreUnavailableError(this.#readOnlyBecause);
    const before = this.get(key);
    if ((before?.revision ?? 0) !== expected) {
      throw new RevisionConflictError(
        `Cannot write ${key}: its revision must be ${expected}: got ${before?.revision ?? 0}`,
      );
    }
    const batch = this.#openBatch();
    const revision = this.#revision + 1;
    const text = value(revision);
    const event: StoreEvent = {
      key,
      value: text,
      revision,
      deleted,
      ...(before === undefined ? {} : { previous: before.value }),
    };
    try {
      this.#statements?.insert(event, before?.revision ?? 0);
    } catch (error) {
      throw this.#lose(batch, error);
    }
    this.#revision = revision;
    batch.events.push(event);
    return { revision, value: text, durable: batch.durable.promise };
  }

  settled(): Promise<void> {
    return this.#batch?.durable.promise ?? Promise.resolve();
  }

  since(range: { prefix: string; revision: number; limit: number }): StoreEvent[] {
    this.#assertKept(range.revision);
    const until = this.#durableRevision;
    return this.#read((statements) => statements.since({ ...range, until }));
  }

  onChange(listener: (events: readonly StoreEvent[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  compact(revision: number): void {
    const until = Math.min(revision, this.#durableRevision);
    if (until <= this.#compacted || this.#readOnlyBecause !== undefined) return;
    this.#commit();
    try {
      this.#statements?.compact(this.#compacted, until);
      this.#compacted = until;
    } catch (error) {
      this.#fault(error);
      if (this.#database?.isTransaction) execute(this.#database, "ROLLBACK");
    }
  }

  /** Lets the file grow to this many pages; answers with the limit before. As a full disk, for tests. */
  limitPages(pages: number): number {
    const before = this.#database?.prepare("PRAGMA max_page_count").get() as Record<string, number>;
    if (this.#database) execute(this.#database, `PRAGMA max_page_count = ${pages}`);
    return before["max_page_count"] ?? 0;
  }

  /** Makes durable what was written, and closes the file. */
  [Symbol.dispose](): void {
    if (this.#database === undefined) return;
    this.#commit();
    this.#listeners.clear();
    this.#statements = undefined;
    this.#database.close();
    this.#database = undefined;
    this.#readOnlyBecause ??= `Cannot use ${this.#path}: it is closed`;
  }

  #assertKept(revision: number): void {
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
  }

  #read<T>(read: (statements: SqliteStatements) => T): T {
    if (this.#statements === undefined) {
      throw new StoreUnavailableError(this.#readOnlyBecause ?? `Cannot read ${this.#path}`);
    }
    try {
      return read(this.#statements);
    } catch (error) {
      throw isFault(error) ? new StoreUnavailableError(this.#fault(error).message) : error;
    }
  }

  #openBatch(): Batch {
    if (this.#batch !== undefined) return this.#batch;
    const durable = Promise.withResolvers<void>();
    durable.promise.catch(() => {}); // Whoever asked is told; nobody may have.
    const batch = { events: [], durable };
    try {
      this.#statements?.begin();
    } catch (error) {
      throw new StoreUnavailableError(this.#fault(error).message);
    }
    this.#batch = batch;
    setTimeout(() => this.#commit(batch), 0);
    return batch;
  }

  /** Of the given batch, unless it was committed before. */
  #commit(only = this.#batch): void {
    const batch = this.#batch;
    if (batch === undefined || batch !== only) return;
    try {
      this.#statements?.commit();
    } catch (error) {
      this.#lose(batch, error);
      return;
    }
    this.#batch = undefined;
    this.#durableRevision = this.#revision;
    batch.durable.resolve();
    for (const listener of this.#listeners) listener(batch.events);
    if (this.#revision - this.#compacted > this.#historyMax * (1 + COMPACTION_SHARE)) {
      this.compact(this.#revision - this.#historyMax);
    }
  }

  /** Nothing of the batch was told to anybody: it never was. */
  #lose(batch: Batch, error: unknown): StoreUnavailableError {
    const fault = new StoreUnavailableError(this.#fault(error).message);
    this.#batch = undefined;
    this.#revision = this.#durableRevision;
    try {
      if (this.#database?.isTransaction) execute(this.#database, "ROLLBACK");
    } catch (rollback) {
      this.#readOnlyBecause ??= this.#fault(rollback).message;
    }
    batch.durable.reject(fault);
    return fault;
  }

  /** What went wrong, in words; what cannot pass by itself ends all writing. */
  #fault(error: unknown): StoreFault {
    const fault = StoreFault.of(this.#path, error);
    if (!fault.passing) this.#readOnlyBecause ??= fault.message;
    return fault;
  }
}
