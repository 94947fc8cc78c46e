/**
 * Deterministic simulation of the whole control plane and of the node agents: one seed, one schedule.
 *
 *   users, guests ----wishes----> API server <--requests-- controllers (src/resources, src/runtime)
 *                                  |   ^  \----watches---> agents (src/node) --> machines: envelopes, domains
 *   scheduler, kubelets, collector +---+        each message late, lost, refused or answered twice too late
 *
 * What runs is the product itself: the real Controller, Informer and WorkQueue, the real reconcilers of controllers and
 * agents, the real admission defaults and verbs, over a virtual clock and an in-memory API server. Driving observe, decide
 * and act step by step would be some times faster, but would leave out back-off, requeues, relists and what a queue forgets:
 * an object that comes and goes while a watch is away is a bug that only shows there. It is made deterministic by running schedules within one turn of the event loop, with microtasks run by hand between
 * two timers of the virtual clock, and everything random drawn from the seed.
 *
 * A schedule has a stormy part, in which users act and everything can fail, and a calm part, in which the end state must be
 * reached. Invariants are checked at each change; see invariants.ts.
 */
import { NODE_SCHEDULABLE_LABEL } from "../../src/api/labels.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import { LEASES, NODES, PODS } from "../../src/kube/core_resources.ts";
import { keyOf, type KubeObject } from "../../src/kube/object.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import type { EventRecord } from "../../src/runtime/reconciler.ts";
import { HEARTBEAT_AGE_MS_MAX } from "../../src/resources/node/decide.ts";
import { ApiServer, idOf } from "./api_server.ts";
import { runControllerReplica } from "./controller_replica.ts";
import { Faults } from "./faults.ts";
import { type Invariant, Invariants, type Problem } from "./invariants.ts";
import { Kubelet, playGarbageCollector, playScheduler } from "./kubernetes.ts";
import { Machine } from "./machine.ts";
import { MachineHypervisor } from "./machine_hypervisor.ts";
import type { Mutation } from "./mutation.ts";
import { runNodeAgent } from "./node_agent.ts";
import {
  type Link,
  type Network,
  ProcessClient,
  type SentWrite,
  type ServedWrite,
} from "./process_client.ts";
import { Random } from "./random.ts";
import { RepeatedWrites } from "./repeated_writes.ts";
import { seededGlobals } from "./seeded_globals.ts";
import { SimulatedProcess } from "./simulated_process.ts";
import { Trace } from "./trace.ts";
import { inTurnOfItsOwn, runMicrotasks } from "./turn.ts";
import { Users } from "./users.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { WatchfulLogger } from "./watchful_logger.ts";

export interface Outcome {
  seed: number;
  /** The first thing that was wrong. */
  violation?: string;
  /** The names of all that did not hold. */
  broken: readonly Invariant[];
  /** Timers that fired. */
  steps: number;
  virtualMs: number;
  /** How long after the storm all was as it must be. */
  convergedMs: number;
  /** Writes of the product, without heartbeats. */
  writes: number;
  guests: number;
  /** Pods that nobody deleted, whose containers were told to stop. */
  stopped: number;
  /** How many of these had to be killed when their grace period was over. */
  killed: number;
}

export interface SimulationOptions {
  seed: number;
  /** Receives the trace, line by line. */
  write?: (line: string) => void;
  /** @default drawn from the seed */
  isFaultFree?: boolean;
  /** A deliberate fault of the product. */
  mutation?: Mutation;
  /** Kubelets end containers of pods that nobody deletes, and envelopes tell of it. @default false */
  containerStops?: boolean;
}

/** Most are short; some are long enough for a silent node to be given up. */
const STORM_MS = [5_000, 900_000] as const;
/** Back-offs of queue and crash loop last up to five minutes each, and can follow one another. */
const CONVERGENCE_MS_MAX = 1_200_000;
/** Longer than every resync of the product, which are of a minute: nothing may be written in it. */
const QUIET_MS = 65_000;
/** How often the state is looked at in the calm part. */
const LOOK_MS = 2_000;
/** Many times what the longest schedules take. */
const STEPS_MAX = 20_000;
/** A clock of the wrong time zone, or of summer time. */
const WALL_AHEAD_MS_MAX = 3_600_000;
const FAULT_FREE_SHARE = 0.08;
/** What happens to an instance once, so that a process tells of it once. */
const TOLD_ONCE: readonly string[] = ["Started", "Stopped"];
/** A life without faults takes a minute at most. */
const LIFE_MS_MAX = 120_000;

/** One schedule, from nothing to its end. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const [outcome] = await simulateAll([options.seed], options);
  if (outcome === undefined) throw new Error("Cannot simulate: no outcome");
  return outcome;
}

/** Several schedules, one after the other. The event loop's turn costs as much as a part of a schedule, so they share one. */
export function simulateAll(
  seeds: readonly number[],
  options: Omit<SimulationOptions, "seed"> = {},
): Promise<Outcome[]> {
  return inTurnOfItsOwn(() => seeds.map((seed) => new Simulation({ ...options, seed }).run()));
}

/** Writes of the product for one VM, from its creation to its end, when nothing goes wrong: "patch virtualmachines". */
export function writesOfOneLife(seed: number): Promise<string[]> {
  return inTurnOfItsOwn(() => new Simulation({ seed, isFaultFree: true }).live());
}

interface Node {
  machine: Machine;
  kubelet: Kubelet;
  link: Link;
  agent: { process: SimulatedProcess; client: ProcessClient } | undefined;
  isLost: boolean;
}

export class Simulation {
  readonly clock = new VirtualClock();
  readonly server: ApiServer;
  readonly random: Random;
  readonly faults: Faults;
  readonly users: Users;
  readonly invariants: Invariants;
  readonly writes: ServedWrite[] = [];
  /** Writes of the product that the server refused by itself. */
  readonly refusals: SentWrite[] = [];
  readonly #seed: number;
  readonly #trace: Trace;
  readonly #network: Network;
  readonly #nodes: Node[];
  readonly #isFaultFree: boolean;
  readonly #mutation: Mutation | undefined;
  readonly #containerStops: boolean;
  readonly #processes = new Set<SimulatedProcess>();
  /** How often a process dies just after a write of its own was served, before it may have heard of it. */
  readonly #hazard: number;
  #leader: { process: SimulatedProcess; client: ProcessClient } | undefined;
  #violation: string | undefined;
  #broken: readonly Invariant[] = [];
  #steps = 0;
  #guests = 0;
  #stopped = 0;
  #killed = 0;
  #lastChangeMs = 0;
  #generation = 0;

  constructor(options: SimulationOptions) {
    const { seed } = options;
    const random = new Random(seed);
    this.#seed = seed;
    this.random = random;
    this.#mutation = options.mutation;
    this.#containerStops = options.containerStops ?? false;
    this.#isFaultFree = options.isFaultFree ?? random.chance(FAULT_FREE_SHARE);
    this.#hazard = this.#isFaultFree || random.chance(0.5) ? 0 : random.between(0, 0.08);
    const { clock } = this;
    const trace = new Trace(clock, options.write);
    this.#trace = trace;
    this.faults = new Faults(random, { isFaultFree: this.#isFaultFree });
    this.server = new ApiServer({ clock, random, hasAdmission: random.chance(0.9) });
    const { faults, server } = this;
    const onWrite = (write: ServedWrite) => this.#served(write);
    const repeated = new RepeatedWrites(server);
    const onSend = (write: SentWrite) => {
      const problem = repeated.problem(write);
      if (problem === undefined || write.process.startsWith("api")) return;
      this.#violated("no write is repeated", problem);
    };
    this.#network = {
      server,
      clock,
      random,
      faults,
      trace,
      onWrite,
      onSend,
      onAnswer: (write, answer) => repeated.answered(write, answer),
      onRefusal: (write) => this.refusals.push(write),
    };
    const names = ["web", "db", "ci"].slice(0, random.weighted([[4, 1], [3, 2], [1, 3]]));
    const kubernetes = { server, clock, random, faults, trace };
    this.#nodes = ["n1", "n2"].slice(0, random.integer(1, 2)).map((name) => {
      const onGuestStart = (machine: Machine, uid: string) => {
        this.#guests++;
        this.invariants.guestStarted(machine, uid);
      };
      const onDestroy = (machine: Machine, uid: string) =>
        this.invariants.guestDestroyed(machine, uid, clock.now());
      const tellsOfStops = this.#containerStops;
      const parts = { clock, random, faults, trace, tellsOfStops, onGuestStart, onDestroy };
      const machine = new Machine(name, parts);
      machine.wallAheadMs = this.#drawnWallAheadMs();
      const kubelet = new Kubelet(machine, kubernetes);
      return { machine, kubelet, link: { isCut: false }, agent: undefined, isLost: false };
    });
    const machines = this.#nodes.map(({ machine }) => machine);
    const { client } = this.#process("api", { isCut: false });
    this.users = new Users({ server, random, trace, client, machines, names });
    this.invariants = new Invariants({
      server,
      machines,
      monotonicMs: () => clock.monotonicMs(),
      violated: (invariant, what) => this.#violated(invariant, what),
    });
    playScheduler(kubernetes);
    playGarbageCollector(kubernetes);
    server.onChange(({ resource }) => {
      if (resource !== idOf(NODES) && resource !== idOf(LEASES)) {
        this.#lastChangeMs = clock.monotonicMs();
      }
    });
  }

  run(): Outcome {
    using _globals = seededGlobals(this.random, this.clock);
    const convergedMs = this.#play();
    for (const process of this.#processes) process.kill();
    // What was in the air comes down: nothing is left to be run by anybody else.
    runMicrotasks();
    return {
      seed: this.#seed,
      ...(this.#violation !== undefined && { violation: this.#violation }),
      broken: this.#broken,
      steps: this.#steps,
      virtualMs: this.clock.monotonicMs(),
      convergedMs,
      writes: this.writes.length,
      guests: this.#guests,
      stopped: this.#stopped,
      killed: this.#killed,
    };
  }

  /** One VM is created, runs and is deleted. */
  live(): string[] {
    using _globals = seededGlobals(this.random, this.clock);
    this.begin();
    this.faults.calm();
    const until = (what: string, condition: () => boolean) => {
      const endMs = this.clock.monotonicMs() + LIFE_MS_MAX;
      const goesOn = () => this.#violation === undefined && this.clock.monotonicMs() < endMs;
      while (!condition() && goesOn()) this.advance(100);
      if (!condition()) {
        throw new Error(`Cannot go on: ${this.#violation ?? `never ${what}`}`);
      }
    };
    const shown = () =>
      this.server.list<VirtualMachine>(VIRTUAL_MACHINES)[0]?.status?.printableStatus;
    this.advance(1_000);
    this.#ignoring(this.users.create("web", "Always"));
    until("runs the VM", () => shown() === "Running");
    this.#ignoring(this.users.deleteVm("web"));
    until("goes the VM", () => this.server.list(VIRTUAL_MACHINES).length === 0);
    for (const process of this.#processes) process.kill();
    runMicrotasks();
    for (const { process, verb, resource } of this.refusals) {
      throw new Error(
        `${process}: ${verb} ${resource.plural} was refused in a life without faults`,
      );
    }
    return this.writes.map(({ verb, resource, subresource }) =>
      `${verb} ${resource.plural}${subresource === undefined ? "" : `/${subresource}`}`
    );
  }

  // ---- the schedule ---------------------------------------------------------------------------------------------------

  #play(): number {
    this.begin();
    const stormMs = this.random.skewed(...STORM_MS);
    const wishes = this.random.integer(2, 10);
    for (let i = 0; i < wishes; i++) this.#during(stormMs, () => this.#wish());
    const guestEvents = this.random.integer(0, 3);
    for (let i = 0; i < guestEvents; i++) this.#during(stormMs, () => this.#guestActs());
    const incidents = this.#isFaultFree ? 0 : this.random.integer(0, 6);
    for (let i = 0; i < incidents; i++) this.#during(stormMs, () => this.#incident());
    const stops = this.#containerStops ? this.random.integer(1, 4) : 0;
    for (let i = 0; i < stops; i++) this.#during(stormMs, () => this.#stopPod());
    this.#maybeLongSilence(stormMs);
    this.advance(stormMs);
    this.#calm();
    return this.#converge();
  }

  /** The cluster comes up. */
  begin(): void {
    for (const node of this.#nodes) {
      const name = node.machine.name;
      const object = {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels: { [NODE_SCHEDULABLE_LABEL]: "false" } },
        status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
      };
      this.#ignoring(this.server.direct.create(NODES, object));
      this.#startAgent(node);
    }
    this.#lead();
    runMicrotasks();
  }

  /** Lets time pass. */
  advance(durationMs: number): void {
    const endMs = this.clock.monotonicMs() + durationMs;
    while (this.#violation === undefined && this.clock.step(endMs)) {
      runMicrotasks();
      if (++this.#steps <= STEPS_MAX) continue;
      this.#violated("time goes on", `no rest after ${STEPS_MAX} steps`);
    }
  }

  /** A long storm is for this: a node that is given up while its guests run on. */
  #maybeLongSilence(stormMs: number): void {
    const silenceMs = HEARTBEAT_AGE_MS_MAX + 60_000;
    if (this.#isFaultFree || stormMs < silenceMs || !this.random.chance(0.7)) return;
    const beginMs = this.random.between(0, stormMs - silenceMs);
    this.clock.setTimer(() => this.#partition(this.random.between(silenceMs, stormMs)), beginMs);
  }

  /** Sometimes one follows at the heels of another. */
  #wish(): void {
    this.users.wish();
    if (this.random.chance(0.3)) {
      this.clock.setTimer(() => this.users.wish(), this.random.skewed(1, 1_000));
    }
  }

  #during(stormMs: number, what: () => void): void {
    this.clock.setTimer(what, this.random.between(0, stormMs));
  }

  #calm(): void {
    this.#trace.add("-", () => "the storm is over");
    this.faults.calm();
    for (const node of this.#nodes) if (!node.isLost) this.#restore(node);
    if (
      this.#leader === undefined || !this.#leader.process.isAlive || this.#leader.process.isFrozen
    ) {
      this.#leader?.process.kill();
      this.#lead();
    }
    runMicrotasks();
  }

  /** Until all is as it must be and stays so without a write. */
  #converge(): number {
    const calmMs = this.clock.monotonicMs();
    let problems: Problem[] = [];
    let lookedAtMs = -1;
    while (this.#violation === undefined) {
      // Guests change by themselves only during the storm: without a change there is nothing new to see.
      if (lookedAtMs !== this.#lastChangeMs || problems.length > 0) {
        problems = this.invariants.problems();
      }
      lookedAtMs = this.#lastChangeMs;
      const nowMs = this.clock.monotonicMs();
      const convergedMs = Math.max(0, this.#lastChangeMs - calmMs);
      if (problems.length === 0 && nowMs - Math.max(calmMs, this.#lastChangeMs) >= QUIET_MS) {
        return convergedMs;
      }
      if (nowMs - calmMs > CONVERGENCE_MS_MAX) {
        const isRestless = problems.length === 0;
        const what = isRestless ? "writes do not end" : problems.map(({ what }) => what).join("; ");
        this.#violated(
          isRestless ? "the world comes to rest" : problems.map(({ invariant }) => invariant),
          `not converged ${CONVERGENCE_MS_MAX / 1000} s after the storm: ${what}`,
        );
        break;
      }
      this.advance(problems.length === 0 ? QUIET_MS : LOOK_MS);
    }
    return this.clock.monotonicMs() - calmMs;
  }

  // ---- processes ------------------------------------------------------------------------------------------------------

  #lead(): void {
    const parts = this.#process("controller", { isCut: false }, this.#drawnWallAheadMs());
    this.#leader = parts;
    this.#watchOver(
      parts.process,
      runControllerReplica({
        ...parts,
        ...this.#senses(parts.process),
        mutation: this.#mutation,
      }),
    );
  }

  #startAgent(node: Node): void {
    if (node.agent?.process.isAlive || !node.machine.isOn || node.isLost) return;
    const { name, wallAheadMs } = node.machine;
    const parts = this.#process(`agent-${name}`, node.link, wallAheadMs);
    node.agent = parts;
    const { clock, random, faults } = this;
    const { machine } = node;
    const { process } = parts;
    const hypervisor = new MachineHypervisor({ machine, process, clock, random, faults });
    const nodeName = machine.name;
    this.#watchOver(
      process,
      runNodeAgent({
        ...parts,
        ...this.#senses(process),
        hypervisor,
        nodeName,
        mutation: this.#mutation,
      }),
    );
  }

  #process(kind: string, link: Link, wallAheadMs = 0) {
    const name = `${kind}#${++this.#generation}`;
    const process = new SimulatedProcess(name, {
      clock: this.clock,
      random: this.random,
      wallAheadMs,
    });
    this.#processes.add(process);
    this.#trace.add(name, () => "starts");
    return { process, client: new ProcessClient({ network: this.#network, process, link }) };
  }

  #senses({ name }: SimulatedProcess) {
    const onBug = (what: string) => this.#violated("no bug is logged", `${name}: ${what}`);
    const logger = new WatchfulLogger({ who: name, trace: this.#trace, onBug });
    const told = new Set<string>();
    const record = ({ regarding, reason }: EventRecord) => {
      const event = `${reason} of ${regarding.kind} ${regarding.metadata.uid}`;
      if (told.has(event) && TOLD_ONCE.includes(reason) && regarding.kind !== "VirtualMachine") {
        this.#violated("what happens once is told once", `${name}: told twice of ${event}`);
      }
      told.add(event);
    };
    return { logger, events: { record } };
  }

  /** A program that ends by itself was brought down by a failure: it is started again, as the kubelet does. */
  #watchOver(process: SimulatedProcess, running: Promise<void>): void {
    running.then(() => undefined, (error) => error).then((error: unknown) => {
      if (!process.isAlive) return;
      this.#trace.add(process.name, () => `ended: ${error}`);
      process.kill();
      this.clock.setTimer(() => {
        const node = this.#nodes.find(({ agent }) => agent?.process === process);
        if (node !== undefined) this.#startAgent(node);
        else if (this.#leader?.process === process) this.#lead();
      }, 1_000);
    });
  }

  // ---- what befalls them ----------------------------------------------------------------------------------------------

  #incident(): void {
    this.random.weighted<() => void>([
      [6, () => this.#killLeader()],
      [2, () => this.#freezeLeader()],
      [6, () => this.#killAgent()],
      [3, () => this.#cutWatches()],
      [2, () => this.#silenceWatches()],
      [1, () => this.server.compact()],
      [3, () => this.#loseHistory()],
      [2, () => this.#reboot()],
      [2, () => this.#partition()],
      [1, () => this.#loseNode()],
      [2, () => this.#crashPod()],
      [2, () => this.#stepClock()],
    ])();
  }

  /** NTP comes to its senses, or loses them: the time of day jumps on one machine. */
  #stepClock(): void {
    const aheadMs = this.random.between(-WALL_AHEAD_MS_MAX, WALL_AHEAD_MS_MAX);
    const node = this.random.chance(0.6) ? this.random.pick(this.#nodes) : undefined;
    const process = node === undefined ? this.#leader?.process : node.agent?.process;
    if (node !== undefined) node.machine.wallAheadMs = Math.round(aheadMs);
    if (process !== undefined) process.wallAheadMs = Math.round(aheadMs);
    const who = node?.machine.name ?? process?.name ?? "nobody";
    this.#trace.add(who, () => `its clock is ahead by ${(aheadMs / 1000).toFixed(0)} s`);
  }

  /** Most clocks are right. */
  #drawnWallAheadMs(): number {
    if (this.#isFaultFree || this.random.chance(0.8)) return 0;
    return Math.round(this.random.between(-WALL_AHEAD_MS_MAX, WALL_AHEAD_MS_MAX));
  }

  #killLeader(): void {
    const leader = this.#leader;
    if (leader === undefined || leader.process.isFrozen) return;
    this.#trace.add(leader.process.name, () => "is killed");
    leader.process.kill();
    this.clock.setTimer(() => {
      if (this.#leader === leader) this.#lead();
    }, this.random.skewed(10, 20_000));
  }

  /** Frozen for longer than its lease: another leads, and the old one goes on for a moment before it notices. */
  #freezeLeader(): void {
    const leader = this.#leader;
    if (leader === undefined || !leader.process.isAlive || leader.process.isFrozen) return;
    this.#trace.add(leader.process.name, () => "freezes");
    leader.process.freeze();
    this.clock.setTimer(() => {
      if (this.#leader === leader) this.#lead();
    }, 15_000);
    this.clock.setTimer(() => {
      if (!leader.process.isAlive) return;
      this.#trace.add(leader.process.name, () => "thaws");
      leader.process.thaw();
      this.clock.setTimer(() => leader.process.kill(), this.random.skewed(1, 3_000));
    }, this.random.between(15_500, 60_000));
  }

  #killAgent(node = this.random.pick(this.#nodes)): void {
    if (node?.agent === undefined || !node.agent.process.isAlive) return;
    this.#trace.add(node.agent.process.name, () => "is killed");
    node.agent.process.kill();
    this.clock.setTimer(() => this.#startAgent(node), this.random.skewed(100, 60_000));
  }

  #clients(): ProcessClient[] {
    return [this.#leader, ...this.#nodes.map(({ agent }) => agent)]
      .flatMap((each) => each === undefined || !each.process.isAlive ? [] : [each.client]);
  }

  #cutWatches(): void {
    for (const client of this.#clients()) for (const watch of [...client.watches]) watch.cut();
  }

  #silenceWatches(): void {
    const client = this.random.pick(this.#clients());
    for (const watch of client?.watches ?? []) if (this.random.chance(0.6)) watch.silence();
  }

  /** Watches hear nothing for a while, and what they missed is forgotten: they must list again. */
  #loseHistory(): void {
    const client = this.random.pick(this.#clients());
    const watches = [...client?.watches ?? []].filter(() => this.random.chance(0.6));
    for (const watch of watches) watch.silence();
    this.clock.setTimer(() => {
      this.server.compact();
      for (const watch of watches) watch.cut();
    }, this.random.skewed(100, 40_000));
  }

  #reboot(): void {
    const node = this.random.pick(this.#nodes);
    if (node === undefined || node.isLost || !node.machine.isOn) return;
    this.#trace.add(node.machine.name, () => "reboots");
    node.agent?.process.kill();
    node.machine.powerOff();
    this.clock.setTimer(() => this.#restore(node), this.random.skewed(5_000, 90_000));
  }

  /** The node and its guests live; nobody hears of them. */
  #partition(lengthMs = this.random.skewed(2_000, 1_500_000)): void {
    const node = this.random.pick(this.#nodes);
    if (node === undefined || node.isLost || node.link.isCut) return;
    this.#trace.add(node.machine.name, () => "is cut off");
    node.link.isCut = true;
    node.kubelet.isCutOff = true;
    if (lengthMs > 300_000) this.clock.setTimer(() => this.#evict(node), 300_000);
    this.clock.setTimer(() => this.#restore(node), lengthMs);
  }

  /** Kubernetes deletes the pods of a node that is away; they go when the kubelet says so. */
  #evict(node: Node): void {
    if (!node.link.isCut) return;
    for (const pod of this.#podsOn(node)) {
      this.#ignoring(this.server.direct.delete(PODS, keyOf(pod)));
    }
  }

  /** The machine burns down, and is taken out of the cluster. */
  #loseNode(): void {
    const node = this.random.pick(this.#nodes);
    const left = this.#nodes.filter(({ isLost }) => !isLost).length;
    if (node === undefined || node.isLost || left < 2) return;
    this.#trace.add(node.machine.name, () => "is lost");
    node.isLost = true;
    node.agent?.process.kill();
    node.machine.powerOff();
    this.clock.setTimer(() => {
      this.#ignoring(this.server.direct.delete(NODES, { name: node.machine.name }));
      for (const pod of this.#podsOn(node)) {
        this.#ignoring(this.server.direct.delete(PODS, keyOf(pod), { gracePeriodSeconds: 0 }));
      }
      // A pod that is bound to a node which is no more is collected like the others.
      this.server.onChange(({ resource, type, object }) => {
        if (resource !== idOf(PODS) || type === "DELETED") return;
        if ((object as Pod).spec.nodeName !== node.machine.name) return;
        this.clock.setTimer(() => {
          this.#ignoring(this.server.direct.delete(PODS, keyOf(object), { gracePeriodSeconds: 0 }));
        }, 1_000);
      });
    }, this.random.skewed(1_000, 60_000));
  }

  #crashPod(): void {
    const node = this.random.pick(this.#nodes);
    const pod = node && this.random.pick(this.#podsOn(node));
    if (node !== undefined && pod !== undefined) node.kubelet.crash(pod.metadata.uid);
  }

  #stopPod(): void {
    const node = this.random.pick(this.#nodes);
    const pod = node && this.random.pick(this.#podsOn(node));
    if (node === undefined || pod === undefined || !node.machine.holds(pod.metadata.uid)) return;
    this.#stopped++;
    node.kubelet.stop(pod, () => void this.#killed++);
  }

  #podsOn({ machine }: Node): Pod[] {
    return this.server.list<Pod>(PODS).filter(({ spec }) => spec.nodeName === machine.name);
  }

  #guestActs(): void {
    const node = this.random.pick(this.#nodes);
    const uid = node && this.random.pick(node.machine.running);
    if (node === undefined || uid === undefined) return;
    this.random.weighted<() => void>([
      [3, () => node.machine.endGuest(uid, "shutdown")],
      [2, () => node.machine.endGuest(uid, "crashed")],
      [1, () => node.machine.kill(uid)],
    ])();
  }

  /** Power, network and agent are there again. */
  #restore(node: Node): void {
    if (node.isLost) return;
    node.machine.powerOn();
    if (node.link.isCut) {
      this.#trace.add(node.machine.name, () => "is reached again");
      node.link.isCut = false;
      for (const watch of [...node.agent?.client.watches ?? []]) watch.cut();
    }
    node.kubelet.reconnect();
    this.#startAgent(node);
  }

  // ---- what is noted --------------------------------------------------------------------------------------------------

  #served(write: ServedWrite): void {
    if (write.resource !== NODES) this.writes.push(write);
    this.invariants.served(write);
    if (this.faults.isCalm || !this.random.chance(this.#hazard)) return;
    this.clock.setTimer(() => {
      if (this.faults.isCalm) return;
      if (this.#leader?.process.name === write.process) return this.#killLeader();
      const node = this.#nodes.find(({ agent }) => agent?.process.name === write.process);
      if (node !== undefined) this.#killAgent(node);
    }, this.random.skewed(0.1, 20));
  }

  #violated(broken: Invariant | readonly Invariant[], what: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = what;
    this.#broken = typeof broken === "string" ? [broken] : broken;
    this.#trace.add("VIOLATION", () => what);
  }

  #ignoring(promise: Promise<unknown>): void {
    const ignore = () => {};
    promise.then(ignore, ignore);
  }

  /** The objects as they are, for the end of a trace. */
  describe(): string[] {
    const kinds = [VIRTUAL_MACHINES, VIRTUAL_MACHINE_INSTANCES, PODS];
    return kinds.flatMap((kind) => this.server.list<KubeObject>(kind)).map((object) => {
      const { kind, metadata, status } = object as VirtualMachineInstance;
      return `${kind} ${metadata.name} ${JSON.stringify({ metadata, status })}`;
    });
  }
}
