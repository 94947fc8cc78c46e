import type { KubeClient } from "../../../kube/client.ts";
import { PODS, SECRETS } from "../../../kube/core_resources.ts";
import { isObjectNotFound } from "../../../kube/kube_error.ts";
import { keyOf, type KubeObject } from "../../../kube/object.ts";
import type { Node, Pod } from "../../../resources/core_objects.ts";
import type { AddressPool } from "../network/address_pool.ts";
import { makePodNetwork, removePodNetwork } from "../network/apply_machine_network.ts";
import type { MachineNetwork } from "../network/machine_network.ts";
import type { PodCgroups } from "../pod_cgroups.ts";
import { podLimits } from "../pod_cgroups.ts";
import type { PodImages, WantedImage } from "../pod_images.ts";
import type { PodSandboxes } from "../pod_sandbox.ts";
import type { Prober } from "../probes/prober.ts";
import { makeVolumes, removeVolumes, type VolumePlaces } from "../volumes/make_volumes.ts";
import { writeResolvConf } from "../resolv_conf.ts";
import { wantedImages } from "./decide.ts";
import type { NodeRoom } from "./node_room.ts";
import { sandboxSpec } from "./sandbox_spec.ts";
import type { LocalPodStatus } from "./status.ts";
import { statusPatch } from "./status_patch.ts";
import type { PodAction, PodWorld } from "./world.ts";

export interface ActorOptions {
  client: KubeClient;
  sandboxes: PodSandboxes;
  images: PodImages;
  prober: Prober;
  cgroups: PodCgroups;
  addresses: AddressPool;
  network: MachineNetwork;
  /** Of guests; absent: they have the machine's. */
  nameServer: string | undefined;
  room: NodeRoom;
  places: VolumePlaces;
  /** Pulls go on for as long as the process lives. */
  lifetime: AbortSignal;
}

export class PodActor {
  readonly #options: ActorOptions;

  constructor(options: ActorOptions) {
    this.#options = options;
  }

  async act(action: PodAction, world: PodWorld, signal: AbortSignal): Promise<void> {
    const { prober, sandboxes } = this.#options;
    const { podUid } = world;
    switch (action.type) {
      case "bind":
        return await this.#bind(podOf(world), nodeOf(world), signal);
      case "pull":
        return await this.#pull(podOf(world), action.wanted, signal);
      case "start":
        return await this.#start(podOf(world), world, signal);
      case "probe":
        return prober.ask(podOf(world), action.probes);
      case "terminate":
        return await sandboxes.terminate(podUid);
      case "kill":
        return await sandboxes.kill(podUid);
      case "tidy":
        return await this.#tidy(podUid);
      case "delete":
        return await this.#delete(podOf(world), signal);
    }
  }

  /** What differs, in one patch; conditions are merged with those of others by their types. */
  async writeStatus(
    status: LocalPodStatus | undefined,
    { pod }: PodWorld,
    signal: AbortSignal,
  ): Promise<void> {
    if (status === undefined || pod === undefined) return;
    const patch = statusPatch(status, pod);
    if (patch === undefined) return;
    const options = { type: "strategic", subresource: "status", signal } as const;
    try {
      await this.#options.client.patch(PODS, keyOf(pod), patch, options);
    } catch (error) {
      // It went meanwhile: the informer will say so.
      if (!isObjectNotFound(error)) throw error;
    }
  }

  async #bind(pod: Pod, node: Node, signal: AbortSignal): Promise<void> {
    const { client, room } = this.#options;
    const { name, namespace = "default", uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
    const body = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: node.metadata.name },
    };
    await room.bind(pod, node, async () => void await client.raw("POST", path, { body, signal }));
  }

  async #pull(pod: Pod, wanted: WantedImage, signal: AbortSignal): Promise<void> {
    const { images, lifetime, places } = this.#options;
    const authFile = await this.#writeCredentials(pod, places, signal);
    images.pull(pod.metadata.uid, wanted, { authFile, signal: lifetime });
  }

  /** Of all pull secrets together, in a file that is root's alone. */
  async #writeCredentials(
    { metadata: { uid, namespace = "default" }, spec }: Pod,
    { secretsRoot }: VolumePlaces,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const auths: Record<string, unknown> = {};
    for (const { name } of spec.imagePullSecrets ?? []) {
      const secret = await this.#options.client.get<KubeObject & { data?: Record<string, string> }>(
        SECRETS,
        { namespace, name },
        { signal },
      );
      Object.assign(auths, authsOf(secret?.data?.[".dockerconfigjson"]));
    }
    if (Object.keys(auths).length === 0) return undefined;
    const path = `${secretsRoot}/${uid}.auth.json`;
    await Deno.mkdir(secretsRoot, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(path, JSON.stringify({ auths }), { mode: 0o600 });
    return path;
  }

  async #start(pod: Pod, { podUid }: PodWorld, signal: AbortSignal): Promise<void> {
    const { addresses, cgroups, client, images, network, places, sandboxes } = this.#options;
    const { nameServer } = this.#options;
    const roots = new Map<string, string>();
    for (const { image } of wantedImages(pod)) {
      const state = images.state(podUid, image);
      if (state.kind === "present") roots.set(image, state.root);
    }
    const volumes = await makeVolumes(pod, { client, places, signal });
    const directory = `${places.kubeletRoot}/pods/${podUid}`;
    const address = await addresses.take(podUid);
    const spec = sandboxSpec(pod, {
      directory,
      record: sandboxes.recordPath(podUid),
      networkNamespace: await makePodNetwork(network, { podUid, address }, signal),
      cgroups: await cgroups.make(podUid, podLimits(pod)),
      images: roots,
      volumes,
    });
    await writeResolvConf(directory, { pod, nameServer });
    await sandboxes.start(spec, signal);
  }

  /** From what may write to what is written to; the record last, because it says that there is something to tidy. */
  async #tidy(podUid: string): Promise<void> {
    const { addresses, cgroups, images, places, prober, sandboxes } = this.#options;
    prober.forget(podUid);
    await sandboxes.kill(podUid);
    await cgroups.remove(podUid);
    await removePodNetwork(podUid);
    await removeVolumes(podUid, places);
    await addresses.giveBack(podUid);
    await Deno.remove(`${places.secretsRoot}/${podUid}.auth.json`).catch(() => {});
    images.forget(podUid);
    await sandboxes.forget(podUid);
  }

  async #delete(pod: Pod, signal: AbortSignal): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid }, signal };
    await this.#options.client.delete(PODS, keyOf(pod), options);
  }
}

function podOf({ pod, podUid }: PodWorld): Pod {
  if (pod === undefined) throw new Error(`Cannot act for pod ${podUid}: it is gone`);
  return pod;
}

function nodeOf({ node, podUid }: PodWorld): Node {
  if (node === undefined) throw new Error(`Cannot bind pod ${podUid}: its node is not known`);
  return node;
}

function authsOf(base64: string | undefined): Record<string, unknown> {
  if (base64 === undefined) return {};
  try {
    const text = new TextDecoder().decode(Uint8Array.fromBase64(base64));
    const { auths } = JSON.parse(text) as { auths?: Record<string, unknown> };
    return auths ?? {};
  } catch {
    throw new Error("Cannot use a pull secret: its .dockerconfigjson is not one");
  }
}
