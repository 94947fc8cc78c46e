/** The side effects: one each, idempotent. */
import type { Hypervisor } from "../../hypervisor/hypervisor.ts";
import { EnvelopeError } from "../../hypervisor/envelope.ts";
import { HypervisorError } from "../../hypervisor/hypervisor.ts";
import type { KubeClient } from "../../kube/client.ts";
import { PODS } from "../../kube/core_resources.ts";
import { keyOf } from "../../kube/object.ts";
import { toWholeSeconds } from "../../resources/timestamp.ts";
import type { Clock } from "../../runtime/clock.ts";
import { describeError, type Logger } from "../../runtime/log.ts";
import { fence } from "../fence.ts";
import { isStillHandedOver } from "./hand_over.ts";
import type { Launcher } from "./launch.ts";
import type { LaunchMemory } from "./launch_memory.ts";
import type { PodSockets } from "./pod_sockets.ts";
import { READINESS_GATE } from "./readiness_gate.ts";
import type { Action, World } from "./world.ts";

export interface ActorOptions {
  client: KubeClient;
  hypervisor: Hypervisor;
  launcher: Pick<Launcher, "launch">;
  sockets: PodSockets;
  memory: LaunchMemory;
  clock: Clock;
}

export class Actor {
  readonly #options: ActorOptions;

  constructor(options: ActorOptions) {
    this.#options = options;
  }

  async act(action: Action, world: World, signal: AbortSignal, log: Logger): Promise<void> {
    const { hypervisor } = this.#options;
    const { uid } = world.vmi.metadata;
    switch (action.type) {
      case "launch":
        return await this.#launch(world, signal, log);
      case "fence": {
        const { client } = this.#options;
        const { nodeName } = world;
        await fence(action.uid, { client, hypervisor, nodeName, log }, signal);
        return;
      }
      case "shutdown":
        return await hypervisor.shutdown(uid, signal);
      case "destroy":
        return await hypervisor.destroy(uid, signal);
      case "set_readiness_gate":
        return await this.#setReadinessGate(world, action.open, signal);
      case "release_envelope":
        return await this.#release(world, signal);
      case "forget":
        return await hypervisor.forget(uid, signal);
      default:
        return assertNever(action);
    }
  }

  async #release({ vmi, pod }: World, signal: AbortSignal): Promise<void> {
    if (pod === undefined) return;
    const { sockets, memory } = this.#options;
    await sockets.release(pod.metadata.uid, signal);
    memory.released(vmi.metadata.uid, pod.metadata.uid);
  }

  /** A launch that fails is not an error of the pass: it becomes part of the next world. */
  async #launch({ vmi, pod }: World, signal: AbortSignal, log: Logger): Promise<void> {
    const { client, clock, launcher, memory } = this.#options;
    const { uid } = vmi.metadata;
    if (pod === undefined) return;
    if (!await isStillHandedOver(vmi, client, signal)) {
      return log.info("not launched: the instance has changed hands", { uid });
    }
    try {
      await launcher.launch(vmi, pod, signal);
      memory.launched(uid);
    } catch (error) {
      signal.throwIfAborted();
      // Containers of the pod come up one by one: no news for the user.
      if (error instanceof EnvelopeError && error.reason === "absent") {
        return log.info("a container of the pod is not there yet", { error });
      }
      const terminal = error instanceof HypervisorError && error.terminal;
      log.warn("launch failed", { error, terminal });
      const message = error instanceof Error ? error.message : describeError(error);
      memory.launchFailed(uid, { message, terminal, nowMs: clock.monotonicMs() });
    }
  }

  async #setReadinessGate({ pod, now }: World, open: boolean, signal: AbortSignal): Promise<void> {
    if (pod === undefined) return;
    const condition = {
      type: READINESS_GATE,
      status: open ? "True" : "False",
      lastProbeTime: null,
      lastTransitionTime: toWholeSeconds(now),
    };
    await this.#options.client.patch(PODS, keyOf(pod), {
      metadata: { uid: pod.metadata.uid },
      status: { conditions: [condition] },
    }, { type: "strategic", subresource: "status", signal });
  }
}

function assertNever(action: never): never {
  throw new TypeError(`Cannot act: unknown action: got ${JSON.stringify(action)}`);
}
