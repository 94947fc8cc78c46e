import type { ObjectKey } from "../../../kube/object.ts";
import type { Node, Pod } from "../../../resources/core_objects.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Informer } from "../../../runtime/informer.ts";
import { exists } from "../exists.ts";
import type { AddressPool } from "../network/address_pool.ts";
import type { PodCgroups } from "../pod_cgroups.ts";
import type { PodImages } from "../pod_images.ts";
import type { PodSandboxes } from "../pod_sandbox.ts";
import type { Prober } from "../probes/prober.ts";
import { wantedImages } from "./decide.ts";
import type { NodeRoom } from "./node_room.ts";
import type { PodWorld } from "./world.ts";

/** Of the pods' informer. */
export const UID_INDEX = "uid";

export interface ObserverOptions {
  nodeName: string;
  pods: Informer<Pod>;
  nodes: Informer<Node>;
  sandboxes: PodSandboxes;
  images: PodImages;
  prober: Prober;
  addresses: AddressPool;
  cgroups: PodCgroups;
  room: NodeRoom;
  kubeletRoot: string;
  clock: Clock;
}

/** The key's name is the pod's UID: a pod that is made anew under a name is another pod. */
export async function observePod(
  options: ObserverOptions,
  { name: podUid }: ObjectKey,
): Promise<PodWorld | undefined> {
  const { addresses, clock, images, nodeName, nodes, pods, prober, sandboxes } = options;
  const [pod] = pods.byIndex(UID_INDEX, podUid);
  const sandbox = await sandboxes.observe(podUid);
  const address = addresses.find(podUid);
  const hasTraces = sandbox.kind === "there" || address !== undefined ||
    await options.cgroups.has(podUid) || await exists(`${options.kubeletRoot}/pods/${podUid}`);
  if (pod === undefined && !hasTraces) {
    images.forget(podUid);
    return undefined;
  }
  const node = nodes.get({ name: nodeName });
  return {
    now: clock.now().toISOString(),
    podUid,
    ...(pod === undefined ? {} : { pod }),
    sandbox,
    hasTraces,
    ...(address === undefined ? {} : { address }),
    images: pod === undefined ? {} : Object.fromEntries(
      wantedImages(pod).map(({ image }) => [image, images.state(podUid, image)]),
    ),
    probes: prober.observe(podUid),
    ...(node === undefined ? {} : { node }),
    others: options.room.others(podUid),
  };
}
