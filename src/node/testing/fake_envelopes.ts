import {
  type Envelope,
  EnvelopeError,
  type Envelopes,
  type StopWatch,
} from "../../hypervisor/envelope.ts";
import { FakeStopWatch } from "../../hypervisor/fake/fake_stop_watch.ts";

/** Envelopes by socket path; whoever is released is gone. */
export class FakeEnvelopes implements Envelopes {
  readonly listening = new Map<string, number>();
  readonly released: string[] = [];
  readonly #terminated = new Set<string>();
  readonly #watches = new Map<string, Set<FakeStopWatch>>();

  connect(socketPath: string, _podUid: string): Promise<Envelope> {
    const pid = this.listening.get(socketPath);
    if (pid === undefined) return Promise.reject(absent());
    return Promise.resolve({
      pid,
      alive: () => this.listening.has(socketPath),
      release: () => {
        this.listening.delete(socketPath);
        this.released.push(socketPath);
        for (const watch of this.#watchesOf(socketPath)) watch.close();
        return Promise.resolve();
      },
      close: () => {},
      [Symbol.dispose]: () => {},
    });
  }

  watchStop(socketPath: string, _podUid: string): Promise<StopWatch> {
    if (!this.listening.has(socketPath)) return Promise.reject(absent());
    const watch = new FakeStopWatch(this.#terminated.has(socketPath));
    const watches = this.#watchesOf(socketPath);
    watches.add(watch);
    void watch.ended.then(() => watches.delete(watch));
    return Promise.resolve(watch);
  }

  /** How many listen for it to be told to stop. */
  watchers(socketPath: string): number {
    return this.#watchesOf(socketPath).size;
  }

  /** SIGTERM. */
  terminate(socketPath: string): void {
    this.#terminated.add(socketPath);
    for (const watch of this.#watchesOf(socketPath)) watch.tell();
  }

  #watchesOf(socketPath: string): Set<FakeStopWatch> {
    const watches = this.#watches.get(socketPath) ?? new Set();
    this.#watches.set(socketPath, watches);
    return watches;
  }
}

function absent(): EnvelopeError {
  return new EnvelopeError("nobody listens", { reason: "absent" });
}
