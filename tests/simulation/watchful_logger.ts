/** A logger that reads: some messages of the product say that the product is wrong. */
import type { LogFields, Logger } from "../../src/runtime/log.ts";
import type { Trace } from "./trace.ts";

const BUGS: readonly string[] = [
  "decide failed: this is a bug",
  "handler failed",
  "index function failed",
  "reporting a failed action failed",
];

export class WatchfulLogger implements Logger {
  readonly #parts: { who: string; trace: Trace; onBug(what: string): void };
  readonly #fields: LogFields;

  constructor(
    parts: { who: string; trace: Trace; onBug(what: string): void },
    fields: LogFields = {},
  ) {
    this.#parts = parts;
    this.#fields = fields;
  }

  debug(): void {}

  info(message: string, fields: LogFields = {}): void {
    this.#say(message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#say(message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#say(message, fields);
    const isBug = BUGS.includes(message) || isProgrammingError(fields.error);
    if (isBug) this.#parts.onBug(`${message}: ${textOf(fields.error)}`);
  }

  with(fields: LogFields): Logger {
    return new WatchfulLogger(this.#parts, { ...this.#fields, ...fields });
  }

  #say(message: string, { error, ...fields }: LogFields): void {
    this.#parts.trace.add(this.#parts.who, () => {
      const { controller: _, reconcileId: __, delayMs: ___, ...all } = {
        ...this.#fields,
        ...fields,
      };
      const why = error === undefined ? "" : `: ${textOf(error)}`;
      return `${message} ${JSON.stringify(all)}${why}`;
    });
  }
}

/** The simulated network throws TypeErrors as `fetch` does; V8's own are told by their text. */
function isProgrammingError(error: unknown): boolean {
  if (error instanceof ReferenceError || error instanceof RangeError) return true;
  return error instanceof TypeError &&
    /undefined|not a function|read only|not extensible|Cannot assign/.test(error.message);
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
