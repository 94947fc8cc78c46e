import { type Envelope, EnvelopeError, type Envelopes } from "../../hypervisor/envelope.ts";

/** Envelopes by socket path; whoever is released is gone. */
export class FakeEnvelopes implements Envelopes {
  readonly listening = new Map<string, number>();
  readonly released: string[] = [];

  connect(socketPath: string, _podUid: string): Promise<Envelope> {
    const pid = this.listening.get(socketPath);
    if (pid === undefined) {
      return Promise.reject(new EnvelopeError("nobody listens", { reason: "absent" }));
    }
    return Promise.resolve({
      pid,
      alive: () => this.listening.has(socketPath),
      release: () => {
        this.listening.delete(socketPath);
        this.released.push(socketPath);
        return Promise.resolve();
      },
      close: () => {},
      [Symbol.dispose]: () => {},
    });
  }
}
