/** Scheduler and kubelet, played: what they write until an instance is handed over to its node. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import { keyOf, type KubeObject } from "../../src/kube/object.ts";
import { waitUntil } from "../cluster/wait_until.ts";

const TIMEOUT_MS = 30_000;

export interface LauncherPod extends KubeObject {
  spec: { containers: { name: string; image: string }[] };
}

/** Waits for the pod of an instance, binds and runs it, and waits until the instance is Scheduled. */
export async function playKubelet(
  admin: FetchClient,
  { vmi, nodeName }: { vmi: VirtualMachineInstance; nodeName: string },
): Promise<LauncherPod> {
  const namespace = vmi.metadata.namespace ?? "default";
  const labelSelector = `kubevirt.io/created-by=${vmi.metadata.uid}`;
  const { items: [pod] } = await waitUntil({
    what: `a launcher pod of ${vmi.metadata.name}`,
    timeoutMs: TIMEOUT_MS,
    look: () => admin.list<LauncherPod>(PODS, { namespace, labelSelector }),
    until: (seen) => seen.items.length > 0,
  });
  if (pod === undefined) throw new Error("Cannot find the launcher pod");
  const { name } = pod.metadata;
  await admin.raw("POST", `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
    body: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    },
  });
  await admin.patch(PODS, { namespace, name }, { status: runningStatus(pod) }, {
    subresource: "status",
  });
  await waitUntil({
    what: `${vmi.metadata.name} to be handed over`,
    timeoutMs: TIMEOUT_MS,
    look: () => admin.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi)),
    until: (seen) => seen?.status?.phase === "Scheduled",
    tell: (seen) => JSON.stringify(seen?.status),
  });
  return pod;
}

function runningStatus({ spec }: LauncherPod): Record<string, unknown> {
  return {
    phase: "Running",
    conditions: [{ type: "ContainersReady", status: "True" }],
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
    })),
    podIP: "10.0.0.7",
    podIPs: [{ ip: "10.0.0.7" }],
  };
}
