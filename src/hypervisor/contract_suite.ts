import assert from "node:assert/strict";
import {
  type DomainObservation,
  type DomainSpec,
  type Hypervisor,
  HypervisorError,
} from "./hypervisor.ts";

/** One adapter under test, with the means to disturb it. */
export interface HypervisorFixture extends AsyncDisposable {
  /** The current adapter object. */
  hypervisor(): Hypervisor;
  /** Throws the adapter object away and makes another one on the same node, as a new agent process would. */
  replaceHypervisor(): Promise<void>;
  /** A guest that sends back what it gets on its serial console. */
  spec(): DomainSpec;
  /** Kills whatever serves the domain beside its VMM. */
  killDomainProcess(uid: string): Promise<void>;
  /** Kills every process of the domain, without an orderly end. */
  killEverything(uid: string): Promise<void>;
  /** Processes that live because of the domain. */
  processesOf(uid: string): Promise<number[]>;
}

export interface HypervisorSuite {
  create(): Promise<HypervisorFixture>;
  /** Test name to the reason why this adapter cannot take it. */
  skip?: Record<string, string>;
  /** Why the whole suite cannot run here; undefined when it can. */
  ignore?: string;
}

const DEADLINE_MS = 30_000;
const LOOK_INTERVAL_MS = 50;

type Case = (fixture: HypervisorFixture) => Promise<void>;

const CASES: Record<string, Case> = {
  async "inspect() says absent for a domain that never was"({ hypervisor, spec }) {
    assert.deepEqual(await hypervisor().inspect(spec().uid), { kind: "absent" });
    assert.deepEqual(await hypervisor().list(), []);
  },

  async "launch() resolves when the guest runs"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    const observation = await present(hypervisor(), one.uid);
    assert.equal(observation.state, "running");
    assert.equal(observation.emulated, true);
    assert.ok(observation.vmmPid! > 1);
    assert.ok(Date.parse(observation.startedAt!) > 0);
    assert.deepEqual(await hypervisor().list(), [one.uid]);
  },

  async "owner() says for whom a domain was launched, until it is forgotten"(fixture) {
    const owner = { namespace: "shop", name: "web", podUid: "p1", epoch: 17 };
    const one = { ...fixture.spec(), owner };
    assert.equal(await fixture.hypervisor().owner(one.uid), undefined);
    await fixture.hypervisor().launch(one);
    assert.deepEqual(await fixture.hypervisor().owner(one.uid), owner);
    await fixture.replaceHypervisor();
    assert.deepEqual(await fixture.hypervisor().owner(one.uid), owner);
    await fixture.hypervisor().destroy(one.uid);
    assert.deepEqual(await fixture.hypervisor().owner(one.uid), owner);
    await fixture.hypervisor().forget(one.uid);
    assert.equal(await fixture.hypervisor().owner(one.uid), undefined);
  },

  async "owner() is there after a launch that failed, until the domain is forgotten"(fixture) {
    const owner = { namespace: "shop", name: "web", podUid: "p1", epoch: 17 };
    const one = { ...fixture.spec(), xml: "<notadomain/>", owner };
    await rejection(fixture.hypervisor().launch(one));
    assert.deepEqual(await fixture.hypervisor().list(), [one.uid]);
    assert.deepEqual(await fixture.hypervisor().owner(one.uid), owner);
    await fixture.hypervisor().forget(one.uid);
    assert.deepEqual(await fixture.hypervisor().list(), []);
    assert.equal(await fixture.hypervisor().owner(one.uid), undefined);
  },

  async "launch() starts paused when asked to"({ hypervisor, spec }) {
    const one = { ...spec(), paused: true };
    await hypervisor().launch(one);
    assert.equal((await present(hypervisor(), one.uid)).state, "paused");
    await hypervisor().resume(one.uid);
    assert.equal((await present(hypervisor(), one.uid)).state, "running");
  },

  async "launch() leaves a domain alone that is present"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    const before = await present(hypervisor(), one.uid);
    await Promise.all([hypervisor().launch(one), hypervisor().launch(one)]);
    assert.deepEqual(await present(hypervisor(), one.uid), before);
  },

  async "launch() calls a domain that cannot be defined terminal"({ hypervisor, spec }) {
    const one = { ...spec(), xml: "<notadomain/>" };
    const error = await rejection(hypervisor().launch(one));
    assert.ok(error.terminal, error.message);
    assert.deepEqual(await hypervisor().inspect(one.uid), { kind: "absent" });
    await hypervisor().forget(one.uid);
  },

  async "suspend() and resume() change what inspect() says"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    await hypervisor().suspend(one.uid);
    const paused = await present(hypervisor(), one.uid);
    assert.deepEqual([paused.state, paused.reason], ["paused", "user"]);
    await hypervisor().resume(one.uid);
    assert.equal((await present(hypervisor(), one.uid)).state, "running");
  },

  async "reset() and shutdown() are accepted by a running guest"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    await hypervisor().reset(one.uid);
    await hypervisor().shutdown(one.uid);
    assert.equal((await present(hypervisor(), one.uid)).state, "running");
  },

  async "shutdown() is remembered, also by the next adapter object"(fixture) {
    const one = fixture.spec();
    await fixture.hypervisor().launch(one);
    const before = Date.now();
    assert.equal((await present(fixture.hypervisor(), one.uid)).shutdownSentAt, undefined);
    await fixture.hypervisor().shutdown(one.uid);
    const { shutdownSentAt } = await present(fixture.hypervisor(), one.uid);
    assert.ok(Date.parse(shutdownSentAt!) >= before && Date.parse(shutdownSentAt!) <= Date.now());
    await fixture.replaceHypervisor();
    assert.equal((await present(fixture.hypervisor(), one.uid)).shutdownSentAt, shutdownSentAt);
    await fixture.hypervisor().destroy(one.uid);
    assert.equal((await present(fixture.hypervisor(), one.uid)).shutdownSentAt, undefined);
  },

  async "destroy() resolves when the guest is shutoff, and may be repeated"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    await hypervisor().destroy(one.uid);
    const ended = await present(hypervisor(), one.uid);
    assert.deepEqual([ended.state, ended.reason], ["shutoff", "destroyed"]);
    assert.equal(ended.vmmPid, undefined);
    await hypervisor().destroy(one.uid);
    assert.ok((await rejection(hypervisor().suspend(one.uid))).terminal);
    assert.ok((await rejection(hypervisor().launch(one))).terminal);
  },

  async "forget() is refused while the guest runs, and leaves nothing after"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    await rejection(hypervisor().forget(one.uid));
    await hypervisor().destroy(one.uid);
    await hypervisor().forget(one.uid);
    assert.deepEqual(await hypervisor().inspect(one.uid), { kind: "absent" });
    assert.deepEqual(await hypervisor().list(), []);
    await hypervisor().forget(one.uid);
  },

  async "forget() ends every process of the domain"({ hypervisor, spec, processesOf }) {
    const one = spec();
    await hypervisor().launch(one);
    assert.equal((await processesOf(one.uid)).length, 2);
    await hypervisor().destroy(one.uid);
    await hypervisor().forget(one.uid);
    await until("no process is left", async () => (await processesOf(one.uid)).length === 0);
  },

  async "events() tells of changes"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    const abort = new AbortController();
    const events = hypervisor().events(AbortSignal.any([abort.signal, deadline()]));
    await hypervisor().suspend(one.uid);
    await hypervisor().destroy(one.uid);
    const states: string[] = [];
    for await (const event of events) {
      assert.equal(event.uid, one.uid);
      states.push(event.state);
      if (event.state === "shutoff") break;
    }
    abort.abort();
    assert.equal(states.at(-1), "shutoff", `got ${states}`);
    assert.ok(states.includes("paused"), `got ${states}`);
  },

  async "a new adapter finds the domains of the one before"({ hypervisor, spec, ...fixture }) {
    const one = spec();
    await hypervisor().launch(one);
    const before = await present(hypervisor(), one.uid);
    await fixture.replaceHypervisor();
    assert.deepEqual(await hypervisor().list(), [one.uid]);
    assert.deepEqual(await present(hypervisor(), one.uid), before);
    await hypervisor().destroy(one.uid);
    await fixture.replaceHypervisor();
    assert.equal((await present(hypervisor(), one.uid)).reason, "destroyed");
  },

  async "inspect() adopts a guest whose domain process died"(
    { hypervisor, spec, killDomainProcess },
  ) {
    const one = spec();
    await hypervisor().launch(one);
    const before = await present(hypervisor(), one.uid);
    await killDomainProcess(one.uid);
    // While the dying process is still there, "unknown" is the truth.
    await until(
      "the guest is adopted",
      async () => (await hypervisor().inspect(one.uid)).kind === "present",
    );
    assert.deepEqual(await present(hypervisor(), one.uid), before);
    await hypervisor().suspend(one.uid);
    await hypervisor().destroy(one.uid);
    assert.equal((await present(hypervisor(), one.uid)).reason, "destroyed");
  },

  async "inspect() says gone for a domain that was killed from outside"(
    { hypervisor, spec, killEverything },
  ) {
    const one = spec();
    await hypervisor().launch(one);
    await killEverything(one.uid);
    await until(
      "the domain is gone",
      async () => (await hypervisor().inspect(one.uid)).kind === "gone",
    );
    assert.ok((await rejection(hypervisor().launch(one))).terminal);
    await hypervisor().forget(one.uid);
    assert.deepEqual(await hypervisor().inspect(one.uid), { kind: "absent" });
  },

  async "openConsole() reaches the guest's serial port, again and again"({ hypervisor, spec }) {
    const one = spec();
    await hypervisor().launch(one);
    for (let round = 0; round < 2; round++) {
      await echoes(await hypervisor().openConsole(one.uid), "denovirt");
    }
  },
};

/** Registers the contract of {@link Hypervisor} for one adapter. */
export function testHypervisor(name: string, suite: HypervisorSuite): void {
  for (const [title, body] of Object.entries(CASES)) {
    const reason = suite.ignore ?? suite.skip?.[title];
    Deno.test({
      name: `${name}: ${title}${reason ? ` (skipped: ${reason})` : ""}`,
      ignore: reason !== undefined,
      async fn() {
        await using fixture = await suite.create();
        await body(fixture);
      },
    });
  }
}

async function present(
  hypervisor: Hypervisor,
  uid: string,
): Promise<Extract<DomainObservation, { kind: "present" }>> {
  const observation = await hypervisor.inspect(uid);
  assert.equal(observation.kind, "present", JSON.stringify(observation));
  return observation as Extract<DomainObservation, { kind: "present" }>;
}

async function rejection(promise: Promise<unknown>): Promise<HypervisorError> {
  const error: unknown = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof HypervisorError, `expected a HypervisorError: got ${error}`);
  return error;
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(DEADLINE_MS);
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    assert.ok(performance.now() < end, `not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

/** A guest that still boots swallows what it is sent, so it is sent again until it comes back. */
async function echoes(connection: Deno.Conn, text: string): Promise<void> {
  let got = "";
  const pump = (async () => {
    for await (const bytes of connection.readable) got += new TextDecoder().decode(bytes);
  })().catch(() => {}); // closed below
  try {
    await until("the guest answers", async () => {
      if (got.includes(text)) return true;
      await connection.write(new TextEncoder().encode(text));
      return false;
    });
  } finally {
    connection.close();
    await pump;
  }
}
