/** Opening the database, and what its errors mean to who runs the machine. */
import { DatabaseSync } from "node:sqlite";

/** SQLite's primary result codes, as far as they are told apart. */
const BUSY = 5;
const READONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;
/** Extended codes carry the primary one in the low byte. */
const PRIMARY_MASK = 0xff;
/** Says that a file is ours, and in which form: "DNVT". */
const APPLICATION_ID = 0x444e5654;
const SCHEMA_VERSION = 1;
/** Checking more would hold up the start: 64 MiB take 100 ms. */
const CHECKED_BYTES_MAX = 64 * 1024 * 1024;
const JOURNAL_BYTES_MAX = 16 * 1024 * 1024;
/** A process that is ending may still hold the lock. */
const BUSY_TIMEOUT_MS = 1_000;

const SCHEMA = [
  `CREATE TABLE revision (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    value TEXT NOT NULL
  ) STRICT`,
  "CREATE INDEX revision_by_key ON revision (key, revision)",
  "CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL) STRICT",
  "INSERT INTO compaction VALUES (0, 0)",
  `PRAGMA application_id = ${APPLICATION_ID}`,
  `PRAGMA user_version = ${SCHEMA_VERSION}`,
];

/** Statements one by one: `exec` keeps the number of an error to itself. */
export function execute(database: DatabaseSync, ...statements: readonly string[]): void {
  for (const statement of statements) database.prepare(statement).all();
}

/** A failure of the database in words. */
export class StoreFault {
  constructor(
    readonly message: string,
    /** Whether the next write may succeed. */
    readonly passing: boolean,
  ) {}

  static of(path: string, error: unknown): StoreFault {
    const text = error instanceof Error ? error.message : String(error);
    switch (codeOf(error)) {
      case FULL:
        return new StoreFault(`Cannot write ${path}: the disk is full: free some space`, true);
      case BUSY:
        return new StoreFault(`Cannot use ${path}: another process has it open`, false);
      case CORRUPT:
      case NOT_A_DATABASE:
        return new StoreFault(
          `Cannot write ${path}: it is damaged (${text}): restore a backup, or move it away`,
          false,
        );
      case READONLY:
      case CANNOT_OPEN:
        return new StoreFault(`Cannot write ${path}: ${text}: look at its permissions`, false);
      case IO_ERROR:
        return new StoreFault(`Cannot write ${path}: the disk failed (${text})`, false);
      default:
        return new StoreFault(`Cannot use ${path}: ${text}`, false);
    }
  }
}

/** Whether SQLite said it, rather than our own code. */
export function isFault(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

/** `database` is absent when not even reading is possible; `fault` says why nothing can be written. */
export interface OpenedDatabase {
  database: DatabaseSync | undefined;
  fault: string | undefined;
}

/** Throws for a database that another process has: two servers on one store would be worse than none. */
export function openDatabase(path: string): OpenedDatabase {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    configure(database);
    prepareSchema(database);
    const fault = checked(database, path);
    return { database, fault };
  } catch (error) {
    const fault = StoreFault.of(path, error);
    database?.close();
    if (codeOf(error) === BUSY) throw new Error(fault.message, { cause: error });
    return { database: openForReading(path), fault: fault.message };
  }
}

/** The exclusive lock keeps a second process out, and the index of the WAL in memory. */
function configure(database: DatabaseSync): void {
  execute(
    database,
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    `PRAGMA journal_size_limit = ${JOURNAL_BYTES_MAX}`,
    "PRAGMA trusted_schema = OFF",
  );
}

function prepareSchema(database: DatabaseSync): void {
  const { application_id } = database.prepare("PRAGMA application_id").get() as {
    application_id: number;
  };
  const { user_version } = database.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as {
    tables: number;
  };
  if (tables === 0) return execute(database, "BEGIN EXCLUSIVE", ...SCHEMA, "COMMIT");
  if (application_id !== APPLICATION_ID || user_version !== SCHEMA_VERSION) {
    throw new Error(
      `it must be a store of version ${SCHEMA_VERSION}: got application ${application_id}, version ${user_version}`,
    );
  }
  // Takes the lock, so that a second process is refused now and not at its first write.
  execute(database, "BEGIN IMMEDIATE", "COMMIT");
}

function checked(database: DatabaseSync, path: string): string | undefined {
  const { page_count } = database.prepare("PRAGMA page_count").get() as { page_count: number };
  const { page_size } = database.prepare("PRAGMA page_size").get() as { page_size: number };
  if (page_count * page_size > CHECKED_BYTES_MAX) return undefined;
  const { quick_check } = database.prepare("PRAGMA quick_check(1)").get() as {
    quick_check: string;
  };
  return quick_check === "ok"
    ? undefined
    : `Cannot write ${path}: it is damaged (${quick_check}): restore a backup, or move it away`;
}

function openForReading(path: string): DatabaseSync | undefined {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    database.prepare("SELECT count(*) FROM revision").get();
    return database;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & PRIMARY_MASK : undefined;
}
