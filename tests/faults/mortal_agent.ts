import { type NodeBed, TestAgent, type Through } from "../../src/node/testing/node_bed.ts";

/** Methods of ports that do not wait. */
const IMMEDIATE = new Set(["alive", "close"]);
const STREAMS = new Set(["events", "watch"]);

/**
 * One life of an agent within this process. Each call of a port is a point before it is made and one after it was answered;
 * at one of them the agent can die: from then on nothing that it asks for is done, and nothing that it waits for comes.
 */
export class MortalAgent implements AsyncDisposable {
  /** The names of the points it came past. */
  readonly passed: string[] = [];
  readonly #dieAt: string | undefined;
  readonly #agent: TestAgent;
  readonly #counts = new Map<string, number>();
  readonly #death = Promise.withResolvers<void>();
  readonly #grave = new AbortController();
  #dead = false;

  constructor(bed: NodeBed, dieAt?: string) {
    this.#dieAt = dieAt;
    const through: Through = (name, port) => this.#through(name, port);
    this.#agent = new TestAgent(bed, through);
  }

  /** Resolves when it dies. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** The guest shuts down by itself. */
  endGuest(uid: string): void {
    this.#agent.hypervisor.end(uid, "shutdown");
  }

  die(): void {
    this.#dead = true;
    this.#death.resolve();
  }

  #through<T extends object>(name: string, port: T): T {
    return new Proxy(port, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function" || typeof property !== "string") return value;
        const call = (args: unknown[]) => Reflect.apply(value, target, args);
        if (IMMEDIATE.has(property)) return (...args: unknown[]) => call(args);
        if (STREAMS.has(property)) return (...args: unknown[]) => this.#stream(call(args));
        return (...args: unknown[]) => this.#call(`${name}.${property}`, () => call(args));
      },
    });
  }

  async #call(name: string, operation: () => unknown): Promise<unknown> {
    if (this.#dead) return await this.#nothing();
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    await this.#at(`${name} #${count} before`);
    let answer: unknown;
    try {
      answer = await operation();
    } catch (error) {
      if (this.#dead) await this.#nothing();
      await this.#at(`${name} #${count} failed`);
      throw error;
    }
    if (this.#dead) await this.#nothing();
    await this.#at(`${name} #${count} after`);
    // An envelope that was connected to is a port as well.
    return name === "envelopes.connect" ? this.#through("envelope", answer as object) : answer;
  }

  async *#stream(events: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    for await (const event of events) {
      if (this.#dead) await this.#nothing();
      yield event;
    }
  }

  async #at(point: string): Promise<void> {
    this.passed.push(point);
    if (point !== this.#dieAt) return;
    this.die();
    await this.#nothing();
  }

  /** Until the test is over. */
  #nothing(): Promise<never> {
    const { signal } = this.#grave;
    return new Promise((_resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dead = true;
    this.#grave.abort(new Error("the agent is dead"));
    await this.#agent[Symbol.asyncDispose]();
  }
}
