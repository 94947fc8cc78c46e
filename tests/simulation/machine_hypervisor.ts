/** What one agent process sees of its machine: the hypervisor and the envelopes, with their delays and failures. */
import type { FakeHypervisor } from "../../src/hypervisor/fake/fake_hypervisor.ts";
import {
  type Envelope,
  EnvelopeError,
  type Envelopes,
  type StopWatch,
} from "../../src/hypervisor/envelope.ts";
import { FakeStopWatch } from "../../src/hypervisor/fake/fake_stop_watch.ts";
import {
  type DomainEvent,
  type DomainObservation,
  type DomainOwner,
  type DomainSpec,
  type Hypervisor,
  HypervisorError,
} from "../../src/hypervisor/hypervisor.ts";
import type { Faults } from "./faults.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { SimulatedProcess } from "./simulated_process.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export interface MachineHypervisorParts {
  machine: Machine;
  process: SimulatedProcess;
  clock: VirtualClock;
  random: Random;
  faults: Faults;
}

const LOOK_MS = [0.2, 5] as const;
const ACT_MS = [1, 200] as const;
const LAUNCH_MS = [40, 4_000] as const;

export class MachineHypervisor implements Hypervisor, Envelopes {
  readonly name = "simulated";
  readonly #parts: MachineHypervisorParts;
  readonly #adapter: FakeHypervisor;

  constructor(parts: MachineHypervisorParts) {
    this.#parts = parts;
    this.#adapter = parts.machine.adapt();
    // Until the next agent comes, nobody hears of what happens.
    parts.process.onDeath(() => parts.machine.adapt());
  }

  list(signal?: AbortSignal): Promise<string[]> {
    return this.#look(signal, () => this.#adapter.list());
  }

  inspect(uid: string, signal?: AbortSignal): Promise<DomainObservation> {
    return this.#look(signal, () => this.#adapter.inspect(uid));
  }

  owner(uid: string, signal?: AbortSignal): Promise<DomainOwner | undefined> {
    return this.#look(signal, () => this.#adapter.owner(uid));
  }

  launch(spec: DomainSpec, signal?: AbortSignal): Promise<void> {
    const { faults, machine } = this.#parts;
    return this.#act(signal, LAUNCH_MS, async () => {
      if (faults.strikes("launchFails")) throw new HypervisorError("Cannot launch: busy");
      if (faults.strikes("launchFailsForGood")) {
        throw new HypervisorError("Cannot launch: bad domain", { terminal: true });
      }
      await machine.launch(spec);
    });
  }

  suspend(uid: string, signal?: AbortSignal): Promise<void> {
    return this.#act(signal, ACT_MS, () => this.#adapter.suspend(uid));
  }

  resume(uid: string, signal?: AbortSignal): Promise<void> {
    return this.#act(signal, ACT_MS, () => this.#adapter.resume(uid));
  }

  reset(uid: string, signal?: AbortSignal): Promise<void> {
    return this.#act(signal, ACT_MS, () => this.#adapter.reset(uid));
  }

  shutdown(uid: string, signal?: AbortSignal): Promise<void> {
    return this.#act(signal, ACT_MS, async () => {
      await this.#adapter.shutdown(uid);
      this.#parts.machine.pressPowerButton(uid);
    });
  }

  destroy(uid: string, signal?: AbortSignal): Promise<void> {
    return this.#act(signal, ACT_MS, () => this.#parts.machine.destroy(uid));
  }

  forget(uid: string, signal?: AbortSignal): Promise<void> {
    return this.#act(signal, ACT_MS, () => this.#adapter.forget(uid));
  }

  openConsole(): Promise<Deno.Conn> {
    return Promise.reject(new HypervisorError("Cannot open a console: not simulated"));
  }

  events(signal: AbortSignal): AsyncIterable<DomainEvent> {
    return this.#adapter.events(signal);
  }

  connect(_socketPath: string, podUid: string, signal?: AbortSignal): Promise<Envelope> {
    const { machine, faults } = this.#parts;
    return this.#act(signal, LOOK_MS, () => {
      if (faults.strikes("blindNode")) {
        throw new EnvelopeError("Cannot look: interrupted", { reason: "unknown" });
      }
      const { pid } = machine.envelope(podUid);
      const release = (releaseSignal?: AbortSignal) =>
        this.#act(releaseSignal, ACT_MS, () => machine.envelope(podUid).onRelease());
      const close = () => {};
      return {
        pid,
        alive: () => machine.isEnvelopeAlive(pid),
        release,
        close,
        [Symbol.dispose]: close,
      };
    });
  }

  watchStop(_socketPath: string, podUid: string, signal?: AbortSignal): Promise<StopWatch> {
    const { machine, faults } = this.#parts;
    const see = () => {
      const { terminatedAtMs, watches } = machine.envelope(podUid);
      const watch = new FakeStopWatch(machine.tellsOfStops && terminatedAtMs !== undefined);
      watches.add(watch);
      void watch.ended.then(() => watches.delete(watch));
      return watch;
    };
    // Without a draw: schedules in which nobody is told to stop stay what they were.
    if (!machine.tellsOfStops) return attempt(see);
    return this.#act(signal, LOOK_MS, () => {
      if (!faults.strikes("blindNode")) return see();
      throw new EnvelopeError("Cannot look: interrupted", { reason: "unknown" });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#adapter[Symbol.asyncDispose]();
  }

  #look<T>(signal: AbortSignal | undefined, see: () => T | Promise<T>): Promise<T> {
    return this.#act(signal, LOOK_MS, () => {
      if (this.#parts.faults.strikes("blindNode")) throw new HypervisorError("Cannot look");
      return see();
    });
  }

  /** Done after a while; when the agent died meanwhile, done or not. */
  #act<T>(
    signal: AbortSignal | undefined,
    [minMs, maxMs]: readonly [number, number],
    body: () => T | Promise<T>,
  ): Promise<T> {
    const { clock, machine, process, random } = this.#parts;
    const { boot } = machine;
    return process.request<T>(signal, (answer) => {
      clock.setTimer(() => {
        if (machine.boot !== boot || !machine.isOn) return;
        // A launch is to be seen as soon as it is under way: one that nobody has seen by then does not come later.
        const isLost = random.chance(0.5) || maxMs >= LAUNCH_MS[1];
        if (!process.isAlive && isLost) return;
        attempt(body).then(answer.resolve, answer.reject);
      }, random.skewed(minMs, maxMs));
    });
  }
}

async function attempt<T>(body: () => T | Promise<T>): Promise<T> {
  return await body();
}
