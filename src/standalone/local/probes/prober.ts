/** Asks the probes of pods that run, one timer for each, and says when what counts has changed. */
import type { Pod } from "../../../resources/core_objects.ts";
import type { Clock, Timer } from "../../../runtime/clock.ts";
import type { EventSink } from "../../../runtime/controller.ts";
import { type Answer, type AskOptions } from "./answer.ts";
import { askHttp } from "./ask_http.ts";
import { askTcp } from "./ask_tcp.ts";
import { isSame, type PodProbe, type ProbeObservation } from "./pod_probes.ts";
import { afterResult, initialState, type ProbeState } from "./thresholds.ts";

export interface ProberOptions {
  clock: Clock;
  events: EventSink;
  /** What a probe of the pod is observed to be has changed. */
  onChange: (podUid: string) => void;
}

/** A probe that goes on failing is told of this often: what was told is forgotten some day. */
const TELL_MS = 60_000;

export class Prober implements Disposable {
  readonly #options: ProberOptions;
  readonly #byPod = new Map<string, Asked[]>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** These and no others of the pod are asked from now on; those that are asked already go on as they are. */
  ask(pod: Pod, wanted: readonly PodProbe[]): void {
    const podUid = pod.metadata.uid;
    const asked = this.#byPod.get(podUid) ?? [];
    const kept = asked.filter(({ probe }) => wanted.some((each) => isSame(each, probe)));
    for (const each of asked) if (!kept.includes(each)) each.stop();
    const started = wanted.filter((each) => !kept.some(({ probe }) => isSame(each, probe)))
      .map((probe) => new Asked(pod, probe, this.#options));
    this.#byPod.delete(podUid);
    if (kept.length + started.length > 0) this.#byPod.set(podUid, [...kept, ...started]);
    for (const each of started) each.start();
  }

  observe(podUid: string): ProbeObservation[] {
    return (this.#byPod.get(podUid) ?? []).map((each) => each.observation);
  }

  forget(podUid: string): void {
    for (const each of this.#byPod.get(podUid) ?? []) each.stop();
    this.#byPod.delete(podUid);
  }

  [Symbol.dispose](): void {
    for (const podUid of [...this.#byPod.keys()]) this.forget(podUid);
  }
}

class Asked {
  readonly #stopped = new AbortController();
  #state: ProbeState;
  #failedAtMs: number | undefined;
  #toldAtMs: number | undefined;
  #timer: Timer | undefined;

  constructor(
    readonly pod: Pod,
    readonly probe: PodProbe,
    readonly options: ProberOptions,
  ) {
    this.#state = initialState(probe.isPassingAtFirst);
  }

  get observation(): ProbeObservation {
    const { container, kind } = this.probe;
    const nowMs = this.options.clock.monotonicMs();
    return {
      container,
      kind,
      isPassing: this.#state.isPassing,
      ...(this.#failedAtMs !== undefined && { failedForMs: nowMs - this.#failedAtMs }),
    };
  }

  start(): void {
    this.#askAfter(this.probe.firstAfterMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stopped.abort();
  }

  #askAfter(delayMs: number): void {
    this.#timer = this.options.clock.setTimer(() => void this.#ask(), delayMs);
  }

  async #ask(): Promise<void> {
    const { clock } = this.options;
    const { periodMs, timeoutMs } = this.probe;
    const startMs = clock.monotonicMs();
    const answer = await ask(this.probe, { timeoutMs, signal: this.#stopped.signal, clock });
    if (this.#stopped.signal.aborted) return;
    this.#take(answer);
    // Its container is ended for it: nothing it answers would change that.
    if (this.probe.kind === "liveness" && !this.#state.isPassing) return;
    this.#askAfter(Math.max(0, startMs + periodMs - clock.monotonicMs()));
  }

  #take(answer: Answer): void {
    const { isPassing: wasPassing } = this.#state;
    if (answer.result !== "unknown") {
      this.#state = afterResult(this.#state, answer.result, this.probe.thresholds);
    }
    const { isPassing } = this.#state;
    const isChanged = isPassing !== wasPassing;
    if (answer.result !== "success") this.#tell(answer, isChanged);
    if (!isChanged) return;
    this.#failedAtMs = isPassing ? undefined : this.options.clock.monotonicMs();
    this.options.onChange(this.pod.metadata.uid);
  }

  /** In the kubelet's words. */
  #tell(answer: Exclude<Answer, { result: "success" }>, isChanged: boolean): void {
    const nowMs = this.options.clock.monotonicMs();
    const { container, kind } = this.probe;
    if (isChanged || this.#toldAtMs === undefined || nowMs - this.#toldAtMs >= TELL_MS) {
      this.#toldAtMs = nowMs;
      const name = kind === "readiness" ? "Readiness" : "Liveness";
      const verb = answer.result === "failure" ? "failed" : "errored";
      this.#record("Warning", "Unhealthy", `${name} probe ${verb}: ${answer.why}`);
    }
    if (isChanged && kind === "liveness") {
      this.#record("Normal", "Killing", `Container ${container} failed liveness probe`);
    }
  }

  #record(type: "Normal" | "Warning", reason: string, message: string): void {
    this.options.events.record({ regarding: this.pod, type, reason, message });
  }
}

async function ask({ address, target }: PodProbe, options: AskOptions): Promise<Answer> {
  switch (target.type) {
    case "none":
      return { result: "unknown", why: target.why };
    case "tcp":
      return await askTcp({ host: target.host ?? address, port: target.port }, options);
    case "http":
      return await askHttp({ ...target, host: target.host ?? address }, options);
  }
}
