/**
 * Every call that an agent makes in two lives of a guest, one after the other, and a death before and after each of them. The
 * cluster and the guests are entries in maps, so that all points are tried in every run.
 */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import { KEY, NodeBed, POD_KEY } from "../../src/node/testing/node_bed.ts";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import { say } from "../toolchain/progress.ts";
import { MortalAgent } from "./mortal_agent.ts";
import { VmiHistory, type VmiLife } from "./vmi_history.ts";

/** Lives at the same time: each waits most of the time. */
const PARALLEL = 40;
const DEADLINE_MS = 60_000;

interface Outcome {
  lives: VmiLife[];
  launches: number;
  releases: number;
  /** Calls that change something and were answered, by name. */
  steps: Record<string, number>;
  events: string[];
  /** Points of the agent that was to die. */
  passed: string[];
  died: boolean;
}

interface Plan {
  /** Where the agent dies; absent: nowhere. */
  dieAt?: string;
  /** Another agent has started the first guest, and was killed while it ran. */
  adopts?: boolean;
}

/** Start, stop, start, stop: a restart is the middle of it. */
async function live({ dieAt, adopts = false }: Plan): Promise<Outcome> {
  const bed = new NodeBed();
  const firstPid = bed.guests.nextPid;
  await using history = new VmiHistory({ client: bed.client, namespace: KEY.namespace });
  await using agents = new AsyncDisposableStack();
  const all: MortalAgent[] = [];
  const start = (at?: string) => {
    const started = agents.use(new MortalAgent(bed, at));
    all.push(started);
    return started;
  };
  const watched = (agent: MortalAgent) => {
    agent.death.then(() => void (isOver || start()));
    return agent;
  };
  let isOver = false;
  let agent: MortalAgent | undefined;
  const uids: string[] = [];
  for (const round of [1, 2]) {
    const before = round === 1 && adopts ? start() : undefined;
    if (before === undefined) agent ??= watched(start(dieAt));
    await bed.handOver();
    const { metadata } = await bed.vmi();
    uids.push(metadata.uid);
    const guest = () => bed.guests.domains.get(metadata.uid);
    await until(
      "it runs",
      async () => (await bed.vmi()).status?.phase === "Running" && isGateOpen(await bed.pod()),
    );
    if (before !== undefined) {
      before.die();
      agent = watched(start(dieAt));
    }
    await bed.client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
    await until("the power button is pressed", () => guest()?.shutdownSentAt !== undefined);
    // A successor has a look before the guest has ended.
    await until("its agent has looked at it", () => !agent?.dead || looks(all.at(-1)) > 1);
    all.at(-1)?.endGuest(metadata.uid);
    await until("the envelope is released", () => bed.envelopes.released.length === round);
    await bed.client.patch(PODS, POD_KEY, { status: { phase: "Succeeded" } }, {
      subresource: "status",
    });
    await until("nothing is left", async () =>
      bed.guests.domains.size === 0 &&
      await bed.client.get(VIRTUAL_MACHINE_INSTANCES, KEY) === undefined);
    await bed.client.delete(PODS, POD_KEY, { gracePeriodSeconds: 0 });
  }
  isOver = true;
  assert.ok(agent);
  return {
    lives: uids.map((uid) => history.of(uid)),
    launches: bed.guests.nextPid - firstPid,
    releases: bed.envelopes.released.length,
    steps: steps(all),
    events: bed.events.map(({ reason }) => reason),
    passed: agent.passed,
    died: agent.dead,
  };
}

const STEP =
  /^(hypervisor\.(launch|shutdown|destroy|forget)|envelope\.release|api\.patch) #\d+ after$/;

function steps(agents: readonly MortalAgent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const point of agents.flatMap(({ passed }) => passed)) {
    const name = STEP.exec(point)?.[1];
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function looks(agent: MortalAgent | undefined): number {
  return agent?.passed.filter((point) => /^hypervisor\.inspect #\d+ after$/.test(point)).length ??
    0;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    if (performance.now() > endMs) throw new Error(`Cannot go on: it never came that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The same world, and no step twice: an event may be missing, of which nobody was told. */
function check(outcome: Outcome, expected: Outcome): void {
  assert.deepEqual(outcome.lives, expected.lives);
  assert.equal(outcome.launches, expected.launches);
  assert.equal(outcome.releases, expected.releases);
  for (const [step, count] of Object.entries(outcome.steps)) {
    assert.ok(count <= (expected.steps[step] ?? 0), `${step} was done ${count} times`);
  }
  for (const reason of new Set(outcome.events)) {
    const count = ({ events }: Outcome) => events.filter((other) => other === reason).length;
    assert.ok(count(outcome) <= count(expected), `${reason} was told ${count(outcome)} times`);
  }
}

for (const adopts of [false, true]) {
  const what = adopts ? "adopting a guest, stopping" : "starting, stopping";
  Deno.test(`an agent that dies at any call while ${what} and restarting it leaves the same world`, async () => {
    const expected = await live({ adopts });
    assert.equal(expected.launches, 2);
    const points = [...new Set(expected.passed)];
    const failures: string[] = [];
    let reached = 0;
    const waiting = [...points];
    const work = async () => {
      for (let point = waiting.pop(); point !== undefined; point = waiting.pop()) {
        try {
          const outcome = await live({ dieAt: point, adopts });
          if (outcome.passed.includes(point)) reached++;
          check(outcome, expected);
        } catch (error) {
          failures.push(`death at ${point}: ${error instanceof Error ? error.message : error}`);
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    say(`${what}: ${points.length} points, ${reached} deaths`);
    assert.deepEqual(failures, []);
    // How often an agent looks depends on time, so a run may end before the last look of another.
    assert.ok(reached >= points.length * 0.8, `${reached} deaths at ${points.length} points`);
  });
}
