/**
 * One node's hardware and operating system: envelopes of pods, domains in them. It outlives the agent; a reboot or the
 * pod's end takes guests with it. What a guest does by itself is played from here.
 */
import type { FakeHypervisor } from "../../src/hypervisor/fake/fake_hypervisor.ts";
import { FakeHypervisor as Adapter, FakeNode } from "../../src/hypervisor/fake/fake_hypervisor.ts";
import type { FakeStopWatch } from "../../src/hypervisor/fake/fake_stop_watch.ts";
import { EnvelopeError } from "../../src/hypervisor/envelope.ts";
import { type DomainSpec, HypervisorError } from "../../src/hypervisor/hypervisor.ts";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export interface EnvelopeProcess {
  pid: number;
  podUid: string;
  /** Asked to end by the agent, once. */
  onRelease(): void;
  /** When it got SIGTERM, on the clock of all. */
  terminatedAtMs?: number;
  /** Who of the agent listens for its SIGTERM. */
  watches: Set<FakeStopWatch>;
}

export interface MachineParts {
  clock: VirtualClock;
  random: Random;
  faults: Faults;
  trace: Trace;
  /** Its envelopes tell of SIGTERM; without, they are of an earlier version. */
  tellsOfStops: boolean;
  /** A guest begins to run. */
  onGuestStart(machine: Machine, uid: string): void;
  /** Its agent ends one without asking it. */
  onDestroy(machine: Machine, uid: string): void;
}

export class Machine {
  readonly name: string;
  /** Counts starts of the machine: what was under way before a reboot is void. */
  boot = 1;
  isOn = true;
  /** How much its wall clock is ahead of the API server's. */
  wallAheadMs = 0;
  /** How guests ended, by the UID of their VMI: also of those that are forgotten. */
  readonly endings = new Map<string, "shutdown" | "crashed" | "destroyed">();
  readonly #parts: MachineParts;
  readonly #envelopes = new Map<string, EnvelopeProcess>();
  #node = new FakeNode();
  /** The agent's adapter while there is an agent: it hears of what happens. */
  #adapter: FakeHypervisor;
  #lastPid = 100;

  constructor(name: string, parts: MachineParts) {
    this.name = name;
    this.#parts = parts;
    this.#adapter = this.adapt();
  }

  get tellsOfStops(): boolean {
    return this.#parts.tellsOfStops;
  }

  /** A new agent's way to the domains that are there. */
  adapt(): FakeHypervisor {
    this.#adapter = new Adapter({ node: this.#node, now: () => this.#now() });
    return this.#adapter;
  }

  #now(): Date {
    return this.#parts.clock.now(this.wallAheadMs);
  }

  /** Guests that run, by the UID of their VMI. */
  get running(): string[] {
    return [...this.#node.domains].filter(([, { state, killed }]) => state !== "shutoff" && !killed)
      .map(([uid]) => uid);
  }

  /** All that is left of domains, running or not. */
  get directories(): string[] {
    return [...this.#node.domains.keys()];
  }

  isRunning(uid: string): boolean {
    const domain = this.#node.domains.get(uid);
    return domain !== undefined && domain.state !== "shutoff" && !domain.killed;
  }

  describe(uid: string): string {
    const domain = this.#node.domains.get(uid);
    if (domain === undefined) return "absent";
    return domain.killed ? "killed" : `${domain.state}/${domain.reason}`;
  }

  // ---- envelopes ------------------------------------------------------------------------------------------------------

  startEnvelope(podUid: string, onRelease: () => void): void {
    const pid = ++this.#lastPid;
    this.#envelopes.set(podUid, {
      pid,
      podUid,
      onRelease,
      watches: new Set(),
    });
  }

  envelope(podUid: string): EnvelopeProcess {
    const found = this.#envelopes.get(podUid);
    if (found !== undefined) return found;
    throw new EnvelopeError(`Cannot reach the envelope of pod ${podUid}`, { reason: "absent" });
  }

  /** SIGTERM, which tells the agent and ends nothing. */
  terminateEnvelope(podUid: string): void {
    const envelope = this.#envelopes.get(podUid);
    if (envelope === undefined) return;
    envelope.terminatedAtMs ??= this.#parts.clock.monotonicMs();
    if (!this.tellsOfStops) return;
    for (const watch of envelope.watches) watch.tell();
  }

  /** `undefined`: it was not, or cannot tell. */
  toldToStopForMs(podUid: string): number | undefined {
    const terminatedAtMs = this.#envelopes.get(podUid)?.terminatedAtMs;
    if (!this.tellsOfStops || terminatedAtMs === undefined) return undefined;
    return this.#parts.clock.monotonicMs() - terminatedAtMs;
  }

  holds(podUid: string): boolean {
    return this.#envelopes.has(podUid);
  }

  isEnvelopeAlive(pid: number): boolean {
    return [...this.#envelopes.values()].some((envelope) => envelope.pid === pid);
  }

  /** All that runs in the pod's PID namespace ends with its first process. */
  endEnvelope(podUid: string): void {
    const { pid, watches } = this.#envelopes.get(podUid) ?? {};
    this.#envelopes.delete(podUid);
    for (const watch of watches ?? []) watch.close();
    for (const [uid, domain] of this.#node.domains) {
      if (domain.spec.envelopePid === pid && this.isRunning(uid)) this.kill(uid);
    }
  }

  // ---- guests ---------------------------------------------------------------------------------------------------------

  /** The domain process does this by itself, whatever becomes of who asked for it. */
  async launch(spec: DomainSpec): Promise<void> {
    const { clock, random, trace } = this.#parts;
    if (!this.isEnvelopeAlive(spec.envelopePid)) {
      throw new HypervisorError("Cannot launch: the envelope has ended");
    }
    const isNew = !this.#node.domains.has(spec.uid);
    await this.#adapter.launch(spec);
    if (!isNew) return;
    trace.add(this.name, () => `guest ${spec.uid.slice(0, 8)} starts`);
    this.#parts.onGuestStart(this, spec.uid);
    const domain = this.#node.domains.get(spec.uid);
    if (domain === undefined || spec.paused || random.chance(0.6)) return;
    domain.state = "paused";
    domain.reason = "starting_up";
    const { boot } = this;
    clock.setTimer(() => {
      if (this.boot !== boot || domain.killed || domain.reason !== "starting_up") return;
      domain.state = "running";
      domain.reason = "booted";
    }, random.skewed(20, 3_000));
  }

  /** The guest hears its power button, or not. */
  pressPowerButton(uid: string): void {
    const { clock, faults, random } = this.#parts;
    const domain = this.#node.domains.get(uid);
    if (domain === undefined || domain.state !== "running") return;
    domain.shutdownSentAt = this.#now().toISOString();
    if (faults.strikes("deafGuest")) return;
    clock.setTimer(() => {
      if (this.#node.domains.get(uid) === domain) this.endGuest(uid, "shutdown");
    }, random.skewed(50, 8_000));
  }

  async suspend(uid: string): Promise<void> {
    await this.#adapter.suspend(uid);
  }

  async resume(uid: string): Promise<void> {
    await this.#adapter.resume(uid);
  }

  async destroy(uid: string): Promise<void> {
    if (this.isRunning(uid)) {
      this.#parts.onDestroy(this, uid);
      this.endings.set(uid, "destroyed");
    }
    await this.#adapter.destroy(uid);
  }

  endGuest(uid: string, reason: "shutdown" | "crashed"): void {
    if (!this.isRunning(uid)) return;
    this.#parts.trace.add(this.name, () => `guest ${uid.slice(0, 8)} ends: ${reason}`);
    this.endings.set(uid, reason);
    this.#adapter.end(uid, reason);
  }

  /** Its processes are killed from outside. */
  kill(uid: string): void {
    if (!this.isRunning(uid)) return;
    this.#parts.trace.add(this.name, () => `guest ${uid.slice(0, 8)} is killed`);
    this.#adapter.kill(uid);
  }

  /** Nothing is left of what ran: the run directory is in memory. */
  powerOff(): void {
    this.isOn = false;
    this.boot++;
    this.#envelopes.clear();
    this.#node = new FakeNode();
    this.adapt();
  }

  powerOn(): void {
    this.isOn = true;
  }
}
