import type { DomainEvent } from "./hypervisor.ts";

/** Beyond this the oldest events go: a consumer that is so late inspects everything anyway. */
export const EVENT_QUEUE_CAPACITY = 4096;

/** Bounded queues of events, one for each consumer that iterates. */
export class EventQueue {
  readonly #consumers = new Set<Consumer>();

  push(event: DomainEvent): void {
    for (const consumer of this.#consumers) {
      if (consumer.pending.length >= EVENT_QUEUE_CAPACITY) consumer.pending.shift();
      consumer.pending.push(event);
      consumer.wake();
    }
  }

  /** Yields events pushed after the call, until the signal aborts or the queue is closed. */
  events(signal: AbortSignal): AsyncIterable<DomainEvent> {
    const consumer: Consumer = { pending: [], wake: () => {}, closed: signal.aborted };
    this.#consumers.add(consumer);
    return this.#iterate(consumer, signal);
  }

  async *#iterate(consumer: Consumer, signal: AbortSignal): AsyncGenerator<DomainEvent> {
    const stop = () => close(consumer);
    signal.addEventListener("abort", stop, { once: true });
    try {
      while (!consumer.closed) {
        const event = consumer.pending.shift();
        if (event) yield event;
        else await new Promise<void>((resolve) => consumer.wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#consumers.delete(consumer);
    }
  }

  close(): void {
    for (const consumer of this.#consumers) close(consumer);
  }
}

interface Consumer {
  pending: DomainEvent[];
  wake: () => void;
  closed: boolean;
}

function close(consumer: Consumer): void {
  consumer.closed = true;
  consumer.wake();
}
