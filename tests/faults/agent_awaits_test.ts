/**
 * SIGKILL at the awaits of a real agent, with real guests: at a sample of them, or with DENOVIRT_FAULTS=all at each.
 * await_points.ts says what an await is.
 */
import assert from "node:assert/strict";
import { percentile } from "../bench/percentile.ts";
import { say } from "../toolchain/progress.ts";
import {
  type Adoption,
  type AgentLife,
  type Deaths,
  live,
  type Phase,
  PHASES,
} from "./agent_life.ts";
import { FaultBed, whyNoFaultBed } from "./fault_bed.ts";
import { VmiHistory } from "./vmi_history.ts";

const SAMPLED_LIVES = 4;
/** While QEMU starts the agent asks every 10 ms: of these points one in so many is tried. */
const POLL_STEP = 12;
/** What the agent does for itself and its node: at these it dies while it adopts, and not again in each phase. */
const OWN =
  /\/nodes\/|certificatesigningrequests|configmaps|^run (?!nsenter|xorriso)|^open |^stat \/usr|^readTextFile <kubeconfig>|device-plugins|kvm_probe|^malloc_trim|^madvise/;
/** What is certain to be counted. */
const STEPS = ["shim_domain_start", "shim_envelope_release", "ask domain.sock shutdown"];
/** P14: from the execution of an agent to its hands on the guest. */
const ADOPTION_MS_MAX = 2_000;
/** A guest that is emulated on a busy machine is late; one that was stopped says nothing any more. */
const SILENCE_MS_MAX = 15_000;

const ignore = whyNoFaultBed();
if (ignore !== undefined && Deno.env.get("CI") === "true") {
  throw new Error(`Cannot test: ${ignore}`);
}

Deno.test({
  name:
    "an agent that is killed at any await is followed by one that adopts, and nothing is done twice" +
    (ignore === undefined ? "" : ` (skipped: ${ignore})`),
  ignore: ignore !== undefined,
  fn: async () => {
    await using bed = await FaultBed.open();
    const { client, namespace } = bed;
    await using history = new VmiHistory({ client, namespace });
    const expected = await live(bed, { deaths: {}, history });
    assert.deepEqual(expected.emulators, [1, 1]);
    for (const step of STEPS) assert.equal(expected.steps[step], 2, `${step}, once for each guest`);
    const plans = plan(expected, Deno.env.get("DENOVIRT_FAULTS") === "all");
    const lives = [expected];
    for (const deaths of plans) {
      const startMs = performance.now();
      try {
        const life = await live(bed, { deaths, history });
        check(life, expected);
        lives.push(life);
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
        say(`  ${seconds} s: ${PHASES.map((phase) => tell(phase, deaths, life)).join("; ")}`);
      } catch (cause) {
        throw new Error(`Cannot pass: deaths at ${JSON.stringify(deaths)}`, { cause });
      }
    }
    const asked = plans.flatMap((deaths) => Object.values(deaths)).length;
    const died = lives.flatMap((life) => life.died).length;
    say(`${asked} points, ${died} deaths in ${lives.length} lives of two guests each`);
    checkAdoptions(lives.flatMap(({ adoptions }) => adoptions));
    const silenceMs = Math.max(...lives.map(({ longestSilenceMs }) => longestSilenceMs));
    say(`longest silence of a guest that counts 18 times a second: ${Math.round(silenceMs)} ms`);
    assert.ok(silenceMs < SILENCE_MS_MAX, `a guest said nothing for ${silenceMs} ms`);
    // How often an agent looks depends on time, so a life may end before the last look of another.
    assert.ok(died >= asked * 0.75, `${died} deaths at ${asked} points`);
  },
});

/** One death for each phase of each life. */
function plan(expected: AgentLife, all: boolean): Deaths[] {
  const points = Object.fromEntries(PHASES.map((phase) => {
    const names = [...new Set(expected.passed[phase])].filter((name) =>
      (all && phase === "adoption" || !OWN.test(name)) && isTriedPoll(name)
    );
    return [phase, names];
  })) as Record<Phase, string[]>;
  const most = Math.max(...Object.values(points).map(({ length }) => length));
  const count = all ? most : SAMPLED_LIVES;
  say(`awaits: ${PHASES.map((phase) => `${phase} ${points[phase].length}`).join(", ")}`);
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(PHASES.flatMap((phase) => {
      const { [phase]: names } = points;
      const at = all ? index : Math.floor((index + 0.5) * names.length / count);
      const name = names[at];
      return name === undefined ? [] : [[phase, name]];
    })));
}

function isTriedPoll(name: string): boolean {
  const number = /^shim_domain_poll #(\d+)/.exec(name)?.[1];
  return number === undefined || Number(number) % POLL_STEP === 1;
}

/** The same world as without a death, and no step that was acknowledged is done again. */
function check(life: AgentLife, expected: AgentLife): void {
  assert.deepEqual(life.vmis, expected.vmis);
  assert.deepEqual(life.emulators, expected.emulators);
  for (const [step, count] of Object.entries(life.steps)) {
    assert.ok(count <= (expected.steps[step] ?? 0), `${step} was done ${count} times`);
  }
  // An agent may die between a write and its event: then nobody is told.
  for (const [reason, count] of Object.entries(life.events)) {
    assert.ok(count <= (expected.events[reason] ?? 0), `${reason} was told ${count} times`);
  }
}

function checkAdoptions(adoptions: readonly Adoption[]): void {
  const measured = adoptions.filter(({ ms }) => ms > 0);
  assert.ok(measured.length > 0);
  const tellAll = (values: readonly number[]) =>
    [0.5, 0.95, 1].map((rank) => Math.round(percentile(values, rank))).join(" / ");
  const own = measured.map(({ ms, waitedMs }) => ms - waitedMs);
  say(
    `${measured.length} adoptions, p50 / p95 / max in ms from the agent's execution: ` +
      `${tellAll(measured.map(({ ms }) => ms))}; ` +
      `without the time that other programs had the processor: ${tellAll(own)}`,
  );
  const median = percentile(own, 0.5);
  assert.ok(median <= ADOPTION_MS_MAX, `half of the agents took more than ${median} ms`);
}

function tell(phase: Phase, deaths: Deaths, { died }: AgentLife): string {
  return `${deaths[phase] ?? "none"}${died.includes(phase) ? "" : " (not reached)"}`;
}
