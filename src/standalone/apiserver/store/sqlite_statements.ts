/** The queries of {@link SqliteStore}. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { execute } from "./sqlite_database.ts";
import type { StoredValue, StoreEvent } from "./store.ts";

/** Sorts after every character that a key may hold. */
const LAST_CHARACTER = "\u{10ffff}";

interface Row {
  key: string;
  value: string;
  revision: number;
}

interface EventRow extends Row {
  deleted: number;
  previous: string | null;
}

interface Page {
  prefix: string;
  after: string;
  limit: number;
}

export class SqliteStatements {
  readonly #get: StatementSync;
  readonly #list: StatementSync;
  readonly #listAt: StatementSync;
  readonly #count: StatementSync;
  readonly #insert: StatementSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #since: StatementSync;
  readonly #lastRevision: StatementSync;
  readonly #compacted: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#get = database.prepare(
      "SELECT r.key, r.value, r.revision FROM current c JOIN revision r USING (revision) WHERE c.key = ?",
    );
    this.#list = database.prepare(
      `SELECT r.key, r.value, r.revision FROM current c JOIN revision r USING (revision)
       WHERE c.key > ? AND c.key < ? ORDER BY c.key LIMIT ?`,
    );
    // The other columns are those of the row with the greatest revision: SQLite promises it for max().
    this.#listAt = database.prepare(
      `SELECT key, value, max(revision) AS revision, deleted FROM revision
       WHERE key > ? AND key < ? AND revision <= ? GROUP BY key HAVING deleted = 0
       ORDER BY key LIMIT ?`,
    );
    this.#count = database.prepare(
      "SELECT count(*) AS count FROM current WHERE key > ? AND key < ?",
    );
    this.#insert = database.prepare("INSERT INTO revision VALUES (?, ?, ?, ?, ?)");
    this.#put = database.prepare(
      "INSERT INTO current VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision",
    );
    this.#remove = database.prepare("DELETE FROM current WHERE key = ?");
    this.#since = database.prepare(
      `SELECT r.key, r.value, r.revision, r.deleted, p.value AS previous
       FROM revision r LEFT JOIN revision p ON p.revision = r.previous
       WHERE r.revision > ? AND r.revision <= ? AND +r.key > ? AND +r.key < ?
       ORDER BY r.revision LIMIT ?`,
    );
    this.#lastRevision = database.prepare("SELECT max(revision) AS revision FROM revision");
    this.#compacted = database.prepare("SELECT revision FROM compaction");
  }

  begin(): void {
    this.#begin.run();
  }

  commit(): void {
    this.#commit.run();
  }

  get(key: string): StoredValue | undefined {
    const row = this.#get.get(key) as Row | undefined;
    return row === undefined ? undefined : storedValue(row);
  }

  list({ prefix, after, limit }: Page): StoredValue[] {
    const rows = this.#list.all(start(prefix, after), end(prefix), limit);
    return (rows as unknown as Row[]).map(storedValue);
  }

  listAt({ prefix, after, limit, revision }: Page & { revision: number }): StoredValue[] {
    const rows = this.#listAt.all(start(prefix, after), end(prefix), revision, limit);
    return (rows as unknown as Row[]).map(storedValue);
  }

  count(prefix: string): number {
    return (this.#count.get(prefix, end(prefix)) as { count: number }).count;
  }

  /** `before` is the revision of the key's state until now, 0 for none. */
  insert({ key, value, revision, deleted }: StoreEvent, before: number): void {
    this.#insert.run(revision, key, deleted ? 1 : 0, before, value);
    if (deleted) this.#remove.run(key);
    else this.#put.run(key, revision);
  }

  since(
    range: { prefix: string; revision: number; until: number; limit: number },
  ): StoreEvent[] {
    const { prefix, revision, until, limit } = range;
    const rows = this.#since.all(revision, until, prefix, end(prefix), limit);
    return (rows as unknown as EventRow[]).map((row) => ({
      ...storedValue(row),
      deleted: row.deleted === 1,
      ...(row.previous === null ? {} : { previous: row.previous }),
    }));
  }

  lastRevision(): number {
    return (this.#lastRevision.get() as { revision: number | null }).revision ?? 0;
  }

  compacted(): number {
    return (this.#compacted.get() as { revision: number }).revision;
  }

  /** Every state that another one up to `until` has replaced, and every deletion. The last states stay, whatever their age. */
  compact(from: number, until: number): void {
    execute(
      this.#database,
      "BEGIN IMMEDIATE",
      `DELETE FROM revision WHERE revision IN
        (SELECT previous FROM revision WHERE revision > ${from} AND revision <= ${until})`,
      `DELETE FROM revision WHERE revision > ${from} AND revision <= ${until} AND deleted = 1`,
      `UPDATE compaction SET revision = ${until}`,
      "COMMIT",
    );
  }
}

function storedValue({ key, value, revision }: Row): StoredValue {
  return { key, value, revision };
}

function start(prefix: string, after: string): string {
  return after > prefix ? after : prefix;
}

function end(prefix: string): string {
  return prefix + LAST_CHARACTER;
}
