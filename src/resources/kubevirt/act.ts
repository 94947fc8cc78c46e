import { KUBEVIRT_FINALIZER } from "../../api/labels.ts";
import type { KubeVirt, KubeVirtStatus } from "../../api/kubevirt.ts";
import { KUBEVIRTS } from "../../api/registry.ts";
import type { KubeClient } from "../../kube/client.ts";
import { keyOf } from "../../kube/object.ts";
import { mergePatch } from "../merge_patch.ts";
import type { KubeVirtAction, KubeVirtWorld } from "./world.ts";

interface Context {
  client: KubeClient;
  world: KubeVirtWorld;
  signal: AbortSignal;
}

/** Answers with the object as it is afterwards. */
export async function actOnKubeVirt(
  action: KubeVirtAction,
  { client, world: { kubevirt }, signal }: Context,
): Promise<KubeVirt> {
  const { finalizers = [], resourceVersion } = kubevirt.metadata;
  const others = finalizers.filter((finalizer) => finalizer !== KUBEVIRT_FINALIZER);
  const wanted = action.type === "add_finalizer" ? [...others, KUBEVIRT_FINALIZER] : others;
  const metadata = { finalizers: wanted, resourceVersion };
  return await client.patch<KubeVirt>(KUBEVIRTS, keyOf(kubevirt), { metadata }, { signal });
}

export async function writeKubeVirtStatus(
  status: KubeVirtStatus,
  { client, world: { kubevirt }, signal }: Context,
): Promise<void> {
  const change = mergePatch(kubevirt.status ?? {}, status);
  if (change === undefined) return;
  const options = { subresource: "status", signal };
  await client.patch(KUBEVIRTS, keyOf(kubevirt), { status: change }, options);
}
