/** Lengths of time as Go writes them: "168h0m0s", "1.5s", "250ms". */

const PART = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)/y;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** In milliseconds; `undefined`: not a duration, or a negative one. */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  let totalMs = 0;
  let end = 0;
  while (end < text.length) {
    PART.lastIndex = end;
    const part = PART.exec(text);
    if (part === null) return undefined;
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? NaN);
    end = PART.lastIndex;
  }
  return text === "" ? undefined : totalMs;
}
