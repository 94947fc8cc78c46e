import { EventQueue } from "../event_queue.ts";
import {
  type DomainEvent,
  type DomainObservation,
  type DomainOwner,
  type DomainSpec,
  type DomainState,
  type Hypervisor,
  HypervisorError,
} from "../hypervisor.ts";

interface FakeDomain {
  spec: DomainSpec;
  state: DomainState;
  reason: string;
  vmmPid: number;
  startedAt: string;
  shutdownSentAt?: string;
  /** Its processes were killed from outside. */
  killed: boolean;
}

/** What outlives an agent: hand the same node to the next {@link FakeHypervisor}. */
export class FakeNode {
  readonly domains = new Map<string, FakeDomain>();
  /** Of each launch that was begun, also of those that failed. */
  readonly owners = new Map<string, DomainOwner>();
  nextPid = 1000;
}

/** Guests that are entries in a map. Passes the same contract as the real ones. */
export class FakeHypervisor implements Hypervisor {
  readonly name = "fake";
  readonly #node: FakeNode;
  readonly #queue = new EventQueue();
  readonly #now: () => Date;
  #launchFailure: HypervisorError | undefined;

  constructor(options: { node?: FakeNode; now?: () => Date } = {}) {
    this.#node = options.node ?? new FakeNode();
    this.#now = options.now ?? (() => new Date());
  }

  /** The next launch fails with this. */
  failNextLaunch(failure: HypervisorError): void {
    this.#launchFailure = failure;
  }

  /** The guest ends by itself. */
  end(uid: string, reason: "shutdown" | "crashed"): void {
    this.#change(this.#domain(uid), "shutoff", reason);
  }

  /** Everything of the domain is killed from outside, without a trace of why. */
  kill(uid: string): void {
    this.#domain(uid).killed = true;
    this.#queue.push({ uid, state: "nostate", reason: "disconnected" });
  }

  list(signal?: AbortSignal): Promise<string[]> {
    const { domains, owners } = this.#node;
    return attempt(signal, () => [...new Set([...domains.keys(), ...owners.keys()])].sort());
  }

  inspect(uid: string, signal?: AbortSignal): Promise<DomainObservation> {
    return attempt(signal, () => {
      const domain = this.#node.domains.get(uid);
      if (!domain) return { kind: "absent" };
      const { state, reason, vmmPid, startedAt, shutdownSentAt } = domain;
      if (state === "shutoff") return { kind: "present", state, reason, emulated: true, startedAt };
      if (domain.killed) return { kind: "gone" };
      const asked = shutdownSentAt === undefined ? {} : { shutdownSentAt };
      return { kind: "present", state, reason, emulated: true, vmmPid, startedAt, ...asked };
    });
  }

  owner(uid: string, signal?: AbortSignal): Promise<DomainOwner | undefined> {
    return attempt(signal, () => this.#node.owners.get(uid));
  }

  launch(spec: DomainSpec, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => {
      const known = this.#node.domains.get(spec.uid);
      if (known && (known.killed || known.state === "shutoff")) {
        const message = `Cannot launch domain ${spec.uid}: it has already ended`;
        throw new HypervisorError(message, { terminal: true });
      }
      if (known) return;
      if (spec.owner !== undefined) this.#node.owners.set(spec.uid, spec.owner);
      const failure = this.#launchFailure;
      this.#launchFailure = undefined;
      if (failure) throw failure;
      if (!spec.xml.includes("<domain")) {
        throw new HypervisorError("Cannot define the domain: XML error", { terminal: true });
      }
      const domain: FakeDomain = {
        spec,
        state: "nostate",
        reason: "unknown",
        vmmPid: this.#node.nextPid++,
        startedAt: this.#now().toISOString(),
        killed: false,
      };
      this.#node.domains.set(spec.uid, domain);
      if (spec.paused) this.#change(domain, "paused", "user");
      else this.#change(domain, "running", "booted");
    });
  }

  suspend(uid: string, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => this.#change(this.#live(uid), "paused", "user"));
  }

  resume(uid: string, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => this.#change(this.#live(uid), "running", "unpaused"));
  }

  reset(uid: string, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => void this.#live(uid));
  }

  /** The fake's guests have no operating system that would listen; see {@link end}. */
  shutdown(uid: string, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => {
      this.#live(uid).shutdownSentAt = this.#now().toISOString();
    });
  }

  destroy(uid: string, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => {
      const domain = this.#node.domains.get(uid);
      if (!domain || domain.killed || domain.state === "shutoff") return;
      this.#change(domain, "shutoff", "destroyed");
    });
  }

  forget(uid: string, signal?: AbortSignal): Promise<void> {
    return attempt(signal, () => {
      const domain = this.#node.domains.get(uid);
      if (domain && !domain.killed && domain.state !== "shutoff") {
        throw new HypervisorError(`Cannot forget domain ${uid}: it is ${domain.state}`);
      }
      this.#node.domains.delete(uid);
      this.#node.owners.delete(uid);
    });
  }

  /** A guest that sends back what it gets. */
  async openConsole(uid: string, signal?: AbortSignal): Promise<Deno.Conn> {
    signal?.throwIfAborted();
    this.#live(uid);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [guest, console] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    ]);
    guest.readable.pipeTo(guest.writable).catch(() => {}); // the caller closed it
    return console;
  }

  events(signal: AbortSignal): AsyncIterable<DomainEvent> {
    return this.#queue.events(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#queue.close();
    return Promise.resolve();
  }

  #domain(uid: string): FakeDomain {
    const domain = this.#node.domains.get(uid);
    if (!domain) throw new HypervisorError(`Cannot reach domain ${uid}: it is absent`);
    return domain;
  }

  #live(uid: string): FakeDomain {
    const domain = this.#domain(uid);
    if (domain.killed || domain.state === "shutoff") {
      throw new HypervisorError(`Cannot reach domain ${uid}: it has ended`, { terminal: true });
    }
    return domain;
  }

  #change(domain: FakeDomain, state: DomainState, reason: string): void {
    domain.state = state;
    domain.reason = reason;
    this.#queue.push({ uid: domain.spec.uid, state, reason });
  }
}

function attempt<T>(signal: AbortSignal | undefined, body: () => T): Promise<T> {
  return new Promise((resolve) => {
    signal?.throwIfAborted();
    resolve(body());
  });
}
