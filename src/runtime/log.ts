/** Structured logs: one JSON object per line, a constant message and fields beside it. */

/** Ordered: a logger writes its level and everything to the right of it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Key/values beside the message. Keys in lowerCamelCase; objects as `ns/name`; errors as they are. */
export type LogFields = Record<string, unknown>;

/** `info` is a state change that matters in production, `debug` is diagnosis. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  with(fields: LogFields): Logger;
}

/** How a {@link JsonLogger} is made. */
export interface JsonLoggerOptions {
  /** @default "info" */
  level?: LogLevel;
  /** Receives each line, newline included. @default standard error */
  write?: (line: string) => void;
  /** @default the wall clock */
  now?: () => Date;
}

/** Longer lines are cut: a log must not be able to fill memory or a disk by one object. */
export const LOG_LINE_LENGTH_MAX = 16_384;
const CAUSE_DEPTH_MAX = 5;

/** Writes JSON lines, by default on standard error. A field that cannot be serialised never throws. */
export class JsonLogger implements Logger {
  readonly #level: number;
  readonly #write: (line: string) => void;
  readonly #now: () => Date;
  readonly #fields: LogFields;

  constructor(options: JsonLoggerOptions = {}, fields: LogFields = {}) {
    this.#level = LOG_LEVELS.indexOf(options.level ?? "info");
    this.#write = options.write ?? writeStandardError;
    this.#now = options.now ?? (() => new Date());
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  with(fields: LogFields): Logger {
    const level = LOG_LEVELS[this.#level] ?? "info";
    return new JsonLogger({ level, write: this.#write, now: this.#now }, {
      ...this.#fields,
      ...fields,
    });
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) < this.#level) return;
    const head = { time: this.#now().toISOString(), level, message };
    const line = serialise({ ...head, ...this.#fields, ...fields });
    this.#write(
      line.length <= LOG_LINE_LENGTH_MAX
        ? line + "\n"
        : JSON.stringify({ ...head, truncated: line.slice(0, LOG_LINE_LENGTH_MAX) }) + "\n",
    );
  }
}

/** Drops every line. */
export const SILENT_LOGGER: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => SILENT_LOGGER,
};

/** `name: message` of an error and of its causes, outermost first. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at !== undefined && parts.length < CAUSE_DEPTH_MAX;) {
    parts.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(" <- ");
}

function serialise(fields: LogFields): string {
  try {
    return JSON.stringify(fields, (_key, value) => {
      if (value instanceof Error) return describeError(value);
      return typeof value === "bigint" ? value.toString() : value;
    });
  } catch (error) {
    const { time, level, message } = fields;
    return JSON.stringify({ time, level, message, unserialisable: describeError(error) });
  }
}

/** Where nobody reads standard error any more, the line is lost rather than the process. */
export function writeStandardError(line: string): void {
  const bytes = new TextEncoder().encode(line);
  try {
    for (let written = 0; written < bytes.length;) {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    }
  } catch {
    return;
  }
}
