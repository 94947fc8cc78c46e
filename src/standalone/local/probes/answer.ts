/** The answer to a probe's question, within its time. */
import type { Clock } from "../../../runtime/clock.ts";

export type Answer =
  | { result: "success" }
  | { result: "failure"; why: string }
  /** Could not be asked: counts for nothing. */
  | { result: "unknown"; why: string };

export interface AskOptions {
  timeoutMs: number;
  /** Nobody wants to know any more. */
  signal: AbortSignal;
  clock: Clock;
}

/**
 * The first answer that `ask` gives, or that none came in time. `ask` begins and returns how to end, which is done with the
 * answer, whatever it is. Never rejects.
 */
export function asking(
  { timeoutMs, signal, clock }: AskOptions,
  ask: (answer: (given: Answer) => void) => () => void,
): Promise<Answer> {
  return new Promise((resolve) => {
    let end: (() => void) | undefined;
    let isAnswered = false;
    const answer = (given: Answer) => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      signal.removeEventListener("abort", stop);
      end?.();
      resolve(given);
    };
    const stop = () => answer({ result: "unknown", why: "it was not waited for" });
    const why = `no answer within ${timeoutMs / 1000} s`;
    const timer = clock.setTimer(() => answer({ result: "failure", why }), timeoutMs);
    signal.addEventListener("abort", stop);
    if (signal.aborted) return stop();
    try {
      end = ask(answer);
    } catch (error) {
      answer({ result: "unknown", why: error instanceof Error ? error.message : String(error) });
    }
    if (isAnswered) end?.();
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed without an answer",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the host",
  ENOTFOUND: "no such host",
  HPE_HEADER_OVERFLOW: "headers longer than are read",
  HPE_INVALID_CONSTANT: "an answer that is not HTTP",
};

/** In a few words of ours: an error's text may hold what a guest has sent. */
export function whyNot(error: Error & { code?: unknown }): string {
  const code = typeof error.code === "string" ? error.code : "no answer that can be understood";
  return REASONS[code] ?? code;
}
