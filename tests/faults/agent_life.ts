/** A guest's life under agents that die: start, adoption, restart and stop, each with a moment to die at. */
import assert from "node:assert/strict";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import type { CountedAgent } from "./counted_agent.ts";
import type { FaultBed, Guest } from "./fault_bed.ts";
import type { VmiHistory, VmiLife } from "./vmi_history.ts";

export const PHASES = ["start", "adoption", "restart", "stop"] as const;
export type Phase = typeof PHASES[number];

/** Where the agent of each phase dies; absent: it is killed once the phase is over. */
export type Deaths = Partial<Record<Phase, string>>;

/** How long an agent took to find a guest that ran, from its execution. */
export interface Adoption {
  ms: number;
  /** Of it, what its main thread waited for a processor that others had. */
  waitedMs: number;
}

export interface AgentLife {
  vmis: VmiLife[];
  /** Events by reason, of both guests. */
  events: Record<string, number>;
  /** What was done and acknowledged, and how often. */
  steps: Record<string, number>;
  /** The points that the agent of each phase came past. */
  passed: Record<Phase, string[]>;
  died: Phase[];
  adoptions: Adoption[];
  /** How many emulators each guest had over time. */
  emulators: number[];
  longestSilenceMs: number;
}

/** Whoever takes over is the agent of the next phase already, but for adoption: that is its very start. */
const SUCCESSORS: Partial<Record<Phase, Phase>> = { adoption: "restart", restart: "stop" };
const NAME = "guest";
const STEP =
  /^(shim_domain_start|shim_envelope_release|ask domain\.sock shutdown|PATCH .*(?:pods|virtualmachineinstances)\/.*|POST .*\/events .*) #\d+ after$/;
/** A guest that counts shows it within this many numbers. */
const NUMBERS_SEEN = 3;

/** Lives it; throws when something is not as it would be without a death. */
export async function live(
  bed: FaultBed,
  { deaths, history }: { deaths: Deaths; history: VmiHistory },
): Promise<AgentLife> {
  return await new Life(bed, deaths).live(history);
}

class Life {
  readonly #bed: FaultBed;
  readonly #deaths: Deaths;
  readonly #armings: Record<Phase, string | undefined>;
  readonly #agents: CountedAgent[] = [];
  readonly #guests: Guest[] = [];
  readonly #emulators = new Map<string, Set<number>>();
  readonly #adoptions: Promise<Adoption>[] = [];
  readonly #passed: Record<Phase, string[]> = { start: [], adoption: [], restart: [], stop: [] };
  readonly #died: Phase[] = [];

  constructor(bed: FaultBed, deaths: Deaths) {
    this.#bed = bed;
    this.#deaths = deaths;
    this.#armings = {
      start: undefined,
      adoption: undefined,
      restart: bed.armingFile(),
      stop: bed.armingFile(),
    };
  }

  async live(history: VmiHistory): Promise<AgentLife> {
    const bed = this.#bed;
    this.#startAgent("start");
    const first = await this.#handOver();
    await this.#during(
      "start",
      async (agent, isOwn) => await this.#isRunning(first) && (!isOwn || await isStartTold(agent)),
    );
    await this.#counts(first);

    await this.#next("start", "adoption");
    await this.#during("adoption", (agent, isOwn) => this.#hasLooked(agent, { isOwn, first }));
    await this.#counts(first);

    await this.#next("adoption", "restart");
    await this.#adopted(first);
    await this.#arm("restart");
    await bed.delete(first);
    let second: Guest | undefined;
    await this.#during("restart", async (agent, isOwn) => {
      if (await bed.vmi(first) !== undefined) return false;
      second ??= await this.#handOver();
      return await this.#isRunning(second) && (!isOwn || await isStartTold(agent));
    });
    assert.ok(second);
    await this.#counts(second);

    await this.#next("restart", "stop");
    await this.#adopted(second);
    await this.#arm("stop");
    await bed.delete(second);
    await this.#during(
      "stop",
      async () =>
        await bed.vmi(second as Guest) === undefined && (await bed.leftovers()).length === 0,
    );
    await this.#agents.at(-1)?.kill();
    await this.#collect();
    return {
      vmis: this.#guests.map(({ uid }) => history.of(uid)),
      events: await this.#events(),
      steps: await this.#steps(),
      passed: this.#passed,
      died: this.#died,
      adoptions: await Promise.all(this.#adoptions),
      emulators: this.#guests.map(({ uid }) => this.#emulators.get(uid)?.size ?? 0),
      longestSilenceMs: await this.#longestSilenceMs(),
    };
  }

  #startAgent(phase: Phase | undefined): void {
    const dieAt = phase && this.#deaths[phase];
    const armedBy = phase && this.#armings[phase];
    this.#agents.push(this.#bed.startAgent({
      ...(dieAt === undefined ? {} : { dieAt }),
      ...(armedBy === undefined ? {} : { armedBy }),
    }));
  }

  async #handOver(): Promise<Guest> {
    const guest = await this.#bed.handOver(NAME);
    this.#guests.push(guest);
    return guest;
  }

  /** Until something is true; a successor takes over when the agent dies meanwhile, for the next phase if there is one. */
  async #during(
    phase: Phase,
    condition: (agent: CountedAgent, isOwn: boolean) => Promise<boolean>,
  ): Promise<void> {
    const own = this.#agents.at(-1);
    assert.ok(own);
    await this.#bed.until(`the end of ${phase}`, async () => {
      await this.#countEmulators();
      if (own.ended !== undefined && this.#agents.at(-1) === own) {
        assert.equal(own.ended.signal, "SIGKILL", own.lines.at(-1)?.message ?? "");
        this.#died.push(phase);
        const running = await this.#runningGuest();
        this.#startAgent(SUCCESSORS[phase]);
        if (running !== undefined) this.#measureAdoption(running);
      }
      const agent = this.#agents.at(-1);
      assert.ok(agent && agent.ended === undefined, "a successor must live on");
      return await condition(agent, agent === own);
    }, (isOver) => isOver);
    this.#passed[phase] = (await own.passed()).map(({ name }) => name);
  }

  /** The agent of the next phase: the one that took over, or a new one after a kill from outside. */
  async #next(before: Phase, phase: Phase): Promise<void> {
    if (this.#died.includes(before) && SUCCESSORS[before] === phase) return;
    await this.#agents.at(-1)?.kill();
    const running = await this.#runningGuest();
    this.#startAgent(phase);
    if (running !== undefined) this.#measureAdoption(running);
  }

  async #arm(phase: Phase): Promise<void> {
    const path = this.#armings[phase];
    if (path !== undefined) await Deno.writeTextFile(path, "");
  }

  #measureAdoption(guest: Guest): void {
    const adoption = this.#adoption(guest);
    adoption.catch(() => {}); // thrown once it is awaited
    this.#adoptions.push(adoption);
  }

  async #adoption(guest: Guest): Promise<Adoption> {
    const agent = this.#agents.at(-1);
    assert.ok(agent);
    let waitedMs = 0;
    const line = await this.#bed.until(`agent ${agent.pid} to adopt its guest`, async () => {
      waitedMs = await processorWaitMs(agent.pid) ?? waitedMs;
      return agent.find("found domain", guest.uid) ?? (agent.ended ? "dead" : undefined);
    }, (seen) => seen !== undefined);
    // Killed before it could: its successor is measured.
    if (line === undefined || line === "dead") return { ms: 0, waitedMs: 0 };
    assert.equal(line.kind, "present", JSON.stringify(line));
    return { ms: Date.parse(line.time) - agent.executedAtMs, waitedMs };
  }

  async #adopted(guest: Guest): Promise<void> {
    await this.#bed.until("the agent to have looked at its guest", () => {
      const agent = this.#agents.at(-1);
      assert.ok(agent && agent.ended === undefined, "it must not die before it is armed");
      // The guest may be one that it started itself.
      const pods = agent.lines.find(({ message, informer }) =>
        message === "synced" && informer === "pods"
      );
      return Promise.resolve(agent.find("found domain", guest.uid) ?? pods);
    }, (line) => line !== undefined);
  }

  /** It found the guest, and has made a pass over its VMI. */
  async #hasLooked(
    agent: CountedAgent,
    { isOwn, first }: { isOwn: boolean; first: Guest },
  ): Promise<boolean> {
    if (agent.find("found domain", first.uid) === undefined) return false;
    if (!isOwn) return true; // its points are those of the next phase
    const looks = (await agent.passed()).filter(({ name }) =>
      name.startsWith("ask domain.sock state")
    );
    return looks.length > 1;
  }

  async #isRunning(guest: Guest): Promise<boolean> {
    const vmi = await this.#bed.vmi(guest);
    const { phase, reason } = vmi?.status ?? {};
    assert.notEqual(phase, "Failed", `${reason}: ${JSON.stringify(vmi?.status?.conditions)}`);
    return phase === "Running" && isGateOpen(await this.#bed.pod(guest));
  }

  async #counts(guest: Guest): Promise<void> {
    const console = await guest.console;
    const before = console.count;
    await this.#bed.until("the guest to count", () => {
      assert.equal(console.violation, undefined);
      assert.ok(!console.closed, "the guest has ended");
      return Promise.resolve(console.count);
    }, (count) => count > before + NUMBERS_SEEN);
  }

  async #runningGuest(): Promise<Guest | undefined> {
    for (const guest of this.#guests) {
      const isFound = await Deno.stat(`${this.#bed.runDirectory}/vms/${guest.uid}/domain.sock`)
        .then(() => true, () => false);
      if (isFound && (await this.#bed.emulators(guest)).length > 0) return guest;
    }
    return undefined;
  }

  async #countEmulators(): Promise<void> {
    for (const guest of this.#guests) {
      const seen = this.#emulators.get(guest.uid) ?? new Set();
      for (const pid of await this.#bed.emulators(guest)) seen.add(pid);
      this.#emulators.set(guest.uid, seen);
    }
  }

  async #collect(): Promise<void> {
    for (const guest of this.#guests) {
      const console = await guest.console;
      assert.equal(console.violation, undefined);
      assert.ok(console.closed, "its console ends with the guest");
    }
  }

  async #events(): Promise<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const guest of this.#guests) {
      for (const [reason, count] of Object.entries(await this.#bed.events(guest))) {
        sums[reason] = (sums[reason] ?? 0) + count;
      }
    }
    return sums;
  }

  async #steps(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const agent of this.#agents) {
      for (const { name } of await agent.passed()) {
        const step = STEP.exec(name)?.[1];
        if (step !== undefined) counts[step] = (counts[step] ?? 0) + 1;
      }
    }
    return counts;
  }

  async #longestSilenceMs(): Promise<number> {
    const consoles = await Promise.all(this.#guests.map(({ console }) => console));
    return Math.max(...consoles.map(({ longestSilenceMs }) => longestSilenceMs));
  }
}

/** The agent that saw the guest run says so; one that dies in between does not. */
async function isStartTold(agent: CountedAgent): Promise<boolean> {
  return (await agent.passed()).some(({ name }) => / Started #1 after$/.test(name));
}

/** How long the main thread of a process was ready to run and did not; `undefined`: it has ended. */
async function processorWaitMs(pid: number): Promise<number | undefined> {
  const text = await Deno.readTextFile(`/proc/${pid}/schedstat`).catch(() => undefined);
  return text === undefined ? undefined : Number(text.split(" ")[1]) / 1e6;
}
