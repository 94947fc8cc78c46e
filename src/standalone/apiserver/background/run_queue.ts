/** Works through a queue of keys, one at a time, until told to stop. */
import type { WorkQueue } from "../../../runtime/work_queue.ts";

export interface QueueWork {
  queue: WorkQueue;
  work: (key: string) => Promise<void>;
  /** Tells of a failure; the key is tried again. */
  onError: (key: string, error: unknown) => void;
}

export async function runQueue(
  { queue, work, onError }: QueueWork,
  signal: AbortSignal,
): Promise<void> {
  const stop = () => queue.shutDown({ discard: true });
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    try {
      await work(key);
      queue.forget(key);
    } catch (error) {
      if (!signal.aborted) onError(key, error);
      queue.retry(key);
    } finally {
      queue.done(key);
    }
  }
}
