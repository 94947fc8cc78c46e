const INTERVAL_MS = 250;

/** Somebody waited for something that did not happen in time; the message says what was seen instead. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

export interface WaitOptions<T> {
  /** Ends "Waited 60 s for …". */
  what: string;
  timeoutMs: number;
  /** Looks once. An exception counts as "not yet" and is told when time is up. */
  look: () => Promise<T>;
  /** Whether what was seen is what is waited for. */
  until: (seen: T) => boolean;
  /** How the last thing seen is told; JSON if absent. */
  tell?: (seen: T) => string;
  /** A reason to give up at once: what was seen can never become what is waited for. */
  hopeless?: (seen: T) => string | undefined;
  intervalMs?: number;
}

/** Looks again and again until a condition holds, and returns what was seen then. */
export async function waitUntil<T>(options: WaitOptions<T>): Promise<T> {
  const start = performance.now();
  const tell = options.tell ?? ((seen: T) => JSON.stringify(seen));
  let last = "nothing was seen";
  while (true) {
    try {
      const seen = await options.look();
      if (options.until(seen)) return seen;
      last = `saw ${tell(seen)}`;
      const reason = options.hopeless?.(seen);
      if (reason) throw new DeadlineError(`No use waiting for ${options.what}: ${reason}: ${last}`);
    } catch (cause) {
      if (cause instanceof DeadlineError) throw cause;
      last = cause instanceof Error ? cause.message : String(cause);
    }
    if (performance.now() - start > options.timeoutMs) {
      throw new DeadlineError(
        `Waited ${options.timeoutMs / 1000} s for ${options.what}: ${last}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? INTERVAL_MS));
  }
}
