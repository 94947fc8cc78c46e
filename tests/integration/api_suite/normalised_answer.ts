import type { ApiAnswer } from "./api_case.ts";

const TIMES = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
/** How old something is, in a cell of a table. */
const AGE = /^\d+s$/;
/** In a message, or in an object that is quoted in one. */
const QUOTED_VERSION = /(resourceVersion[\\"]+:[\\"]+|(?:precondition|record) \()\d+/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Fields whose strings are chosen by the server: compared by which are equal, not by what they are. */
const CHOSEN = ["resourceVersion", "continue"];
/** Addresses of Services: both servers take them from this range. */
const SERVICE_ADDRESS = /\b10\.96\.\d+\.\d+\b/g;
/** Below it no server chooses a port of a Service. */
const NODE_PORT_CHOSEN_MIN = 30_086;

/**
 * Answers of one case without what differs between any two runs: names of the namespace, UIDs, versions and times. Equal ones
 * stay equal: the first version seen is `version 1`, the second `version 2`. Numbers are given over all answers of the case.
 */
export class Normaliser {
  readonly #namespace: string;
  readonly #seen = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  answer({ status, contentType, body }: ApiAnswer): ApiAnswer {
    return { status, contentType, body: this.#value(body, "") };
  }

  #value(value: unknown, key: string): unknown {
    if (typeof value === "string") return this.#text(value, key);
    if (key === "nodePort" && typeof value === "number" && value >= NODE_PORT_CHOSEN_MIN) {
      return this.#numbered(key, String(value));
    }
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#value(item, key));
      // Sorted by their times, which are the seconds that a case ran in.
      return key === "managedFields" ? items.toSorted(byManager) : items;
    }
    if (typeof value !== "object" || value === null) return value;
    const rest = withoutChance(value);
    if (rest !== value) return this.#value(rest, key);
    const generated = (value as { generateName?: unknown }).generateName;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        this.#text(name, ""),
        name === "name" && typeof generated === "string" && typeof item === "string" &&
          item.startsWith(generated)
          ? this.#numbered("generated name", item)
          : this.#value(item, name),
      ]),
    );
  }

  #text(text: string, key: string): string {
    if (AGE.test(text)) return "age";
    if (CHOSEN.includes(key) && text !== "" && text !== "0") return this.#numbered(key, text);
    return text.replaceAll(UUID, (uid) => this.#numbered("uid", uid))
      .replaceAll(this.#namespace, "{ns}")
      .replaceAll(TIMES, "time")
      .replaceAll(SERVICE_ADDRESS, (address) => this.#numbered("address", address))
      .replaceAll(QUOTED_VERSION, "$1some version");
  }

  #numbered(what: string, value: string): string {
    const known = this.#seen.get(`${what} ${value}`);
    if (known !== undefined) return known;
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    const label = `${what} ${count}`;
    this.#seen.set(`${what} ${value}`, label);
    return label;
  }
}

/** The object without what a server says by chance; the same object where there is nothing of it. */
function withoutChance(value: Loose): Loose {
  if (value.metadata?.resourceVersion !== undefined && isCollection(value)) {
    const { resourceVersion: _, ...metadata } = value.metadata;
    return { ...value, metadata };
  }
  const causes = value.details?.causes ?? [];
  // A real server finds what is wrong in the order of a Go map.
  const sorted = causes.map((cause) => JSON.stringify(cause)).sort();
  const message = value.message?.replace(/: \[.*\]$/s, ": [all causes]");
  if (causes.length < 2 || message === value.message) return value;
  return {
    ...value,
    ...(message === undefined ? {} : { message }),
    details: { ...value.details, causes: sorted.map((text) => JSON.parse(text)) },
  };
}

/** Its version is the store's, and others write to the store too. */
function isCollection({ kind, metadata }: Loose): boolean {
  return /List$|^Table$/.test(kind ?? "") || metadata?.creationTimestamp === null ||
    metadata?.annotations?.["k8s.io/initial-events-end"] !== undefined;
}

/** As much of any object as is looked into. */
interface Loose {
  kind?: string;
  message?: string;
  metadata?: {
    resourceVersion?: string;
    creationTimestamp?: string | null;
    annotations?: Record<string, string>;
  };
  details?: { causes?: unknown[] };
}

function byManager(a: unknown, b: unknown): number {
  return managerOf(a) < managerOf(b) ? -1 : 1;
}

function managerOf(entry: unknown): string {
  const { manager, operation, subresource = "" } = entry as Record<string, string>;
  return JSON.stringify([manager, operation, subresource]);
}
