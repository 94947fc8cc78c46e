/** Which request meets which fault: a function of the seed, of what is asked, and of how often it was asked before. */
import { Random } from "../simulation/random.ts";

/** Of a request that is answered at once. */
export type RequestFault =
  /** Refused without having been carried out. */
  | { type: "refuse"; code: number; reason: string; retryAfterSeconds?: number }
  /** The connection ends before the request, or after it was carried out. */
  | { type: "cut"; carriedOut: boolean }
  | { type: "delay"; ms: number };

/** Of a watch that was opened. */
export type WatchFault =
  | { type: "cut"; afterMs: number; inLine: boolean }
  /** Nothing comes through any more; then it is cut. */
  | { type: "stall"; afterMs: number; forMs: number }
  /** An ERROR line: the version is too old. */
  | { type: "gone"; afterMs: number };

/** What a request is, as far as faults go. */
export interface Asked {
  verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  /** Tells requests apart for counting: "patch virtualmachines by denovirt-controller". */
  kind: string;
}

const REQUEST_FAULT_SHARE = 0.25;
const REQUEST_DELAY_MS_MAX = 300;
const WATCH_FAULT_SHARE = 0.7;
const WATCH_AFTER_MS = [50, 3_000] as const;
const WATCH_STALL_MS = [100, 1_500] as const;

export class FaultSchedule {
  readonly #seed: number;
  readonly #asked = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  request(asked: Asked): RequestFault | undefined {
    const random = this.#next(asked);
    if (!random.chance(REQUEST_FAULT_SHARE)) return undefined;
    return random.weighted<RequestFault>([
      [3, { type: "delay", ms: random.integer(1, REQUEST_DELAY_MS_MAX) }],
      [2, { type: "cut", carriedOut: false }],
      // A read that was carried out is one that was not.
      [3, { type: "cut", carriedOut: true }],
      [1, { type: "refuse", code: 429, reason: "TooManyRequests", retryAfterSeconds: 1 }],
      [2, { type: "refuse", code: 500, reason: "InternalError" }],
      [1, { type: "refuse", code: 503, reason: "ServiceUnavailable" }],
      ...conflictOf(asked),
      ...goneOf(asked),
    ]);
  }

  watch(asked: Asked): WatchFault | undefined {
    const random = this.#next({ ...asked, kind: `${asked.kind}, open` });
    if (!random.chance(WATCH_FAULT_SHARE)) return undefined;
    const afterMs = random.integer(...WATCH_AFTER_MS);
    return random.weighted<WatchFault>([
      [2, { type: "cut", afterMs, inLine: false }],
      [1, { type: "cut", afterMs, inLine: true }],
      [1, { type: "stall", afterMs, forMs: random.integer(...WATCH_STALL_MS) }],
      [1, { type: "gone", afterMs }],
    ]);
  }

  /** The same however other requests are interleaved. */
  #next({ kind }: Asked): Random {
    const nth = this.#asked.get(kind) ?? 0;
    this.#asked.set(kind, nth + 1);
    return new Random(hash(`${this.#seed} ${kind} ${nth}`));
  }
}

function conflictOf({ verb }: Asked): [number, RequestFault][] {
  const isConditional = verb === "update" || verb === "patch" || verb === "delete";
  return isConditional ? [[3, { type: "refuse", code: 409, reason: "Conflict" }]] : [];
}

function goneOf({ verb }: Asked): [number, RequestFault][] {
  return verb === "watch" ? [[3, { type: "refuse", code: 410, reason: "Expired" }]] : [];
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  }
  return value;
}
