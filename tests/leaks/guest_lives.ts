/** Guests that come and go on a real node, one after the other, by each way a guest can end. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { NAMESPACES, PODS } from "../../src/kube/core_resources.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { type Behaviour, imageOf } from "../real_node/guest_image.ts";

const NAMESPACE = "leaks";
/** Software emulation on busy cores; an idle machine needs a tenth of it. */
const STEP_TIMEOUT_MS = 60_000;
/** Pods are collected once their instance is gone, by a collector that learns of new kinds twice a minute. */
const COLLECTED_TIMEOUT_MS = 90_000;

export class GuestLives implements AsyncDisposable {
  readonly #client: KubeClient;
  readonly #vmis: Informer<VirtualMachineInstance>;
  readonly #pods: Informer<Pod>;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(client: KubeClient) {
    this.#client = client;
    const shared = { client, logger: SILENT_LOGGER, namespace: NAMESPACE };
    this.#vmis = new Informer({ ...shared, resource: VIRTUAL_MACHINE_INSTANCES });
    this.#pods = new Informer({ ...shared, resource: PODS });
    const { signal } = this.#stop;
    this.#running = Promise.all([this.#vmis.run(signal), this.#pods.run(signal)]);
  }

  static async open(client: KubeClient): Promise<GuestLives> {
    await client.create(NAMESPACES, { metadata: { name: NAMESPACE } });
    return new GuestLives(client);
  }

  /** One life: every second guest is deleted while it runs, the others power off by themselves first. */
  async live(number: number): Promise<void> {
    const behaviour = number % 2 === 0 ? "sleeps" : "powers-off";
    const name = `guest-${number}`;
    await this.#client.create(VIRTUAL_MACHINE_INSTANCES, vmi(name, behaviour), {
      namespace: NAMESPACE,
    });
    await this.#untilPhase(name, behaviour === "sleeps" ? "Running" : "Succeeded");
    await this.#client.delete(VIRTUAL_MACHINE_INSTANCES, { namespace: NAMESPACE, name });
    await this.#vmis.waitUntil(() => this.#find(name) === undefined, {
      timeoutMs: STEP_TIMEOUT_MS,
    });
    await this.#pods.waitUntil(() => this.#pods.list().length === 0, {
      timeoutMs: COLLECTED_TIMEOUT_MS,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#client.delete(NAMESPACES, { name: NAMESPACE });
  }

  #find(name: string): VirtualMachineInstance | undefined {
    return this.#vmis.get({ namespace: NAMESPACE, name });
  }

  async #untilPhase(name: string, phase: string): Promise<void> {
    const seen = () => this.#find(name)?.status?.phase;
    try {
      await this.#vmis.waitUntil(() => seen() === phase, { timeoutMs: STEP_TIMEOUT_MS });
    } catch (cause) {
      const status = JSON.stringify(this.#find(name)?.status);
      throw new Error(`Cannot go on: ${name} must be ${phase}: got ${status}`, { cause });
    }
  }
}

/** An image with its overlay, a disk made of cloud-init data, an interface on the pod's network, a console, a display. */
function vmi(name: string, behaviour: Behaviour): object {
  const disk = (name: string) => ({ name, disk: { bus: "virtio" } });
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      domain: {
        memory: { guest: "32Mi" },
        devices: {
          disks: [disk("root"), disk("seed")],
          interfaces: [{ name: "default", masquerade: {} }],
        },
      },
      networks: [{ name: "default", pod: {} }],
      volumes: [
        { name: "root", containerDisk: { image: imageOf(behaviour) } },
        { name: "seed", cloudInitNoCloud: { userData: "#cloud-config\n" } },
      ],
    },
  };
}
