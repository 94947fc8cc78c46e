import { NODE_SCHEDULABLE_LABEL } from "../../api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { KubeClient } from "../../kube/client.ts";
import { NODES } from "../../kube/core_resources.ts";
import { keyOf } from "../../kube/object.ts";
import { mergePatch } from "../merge_patch.ts";
import { failedWithNode } from "./failed_instance.ts";
import type { NodeAction, NodeWorld } from "./world.ts";

interface Context {
  client: KubeClient;
  world: NodeWorld;
  signal: AbortSignal;
}

export async function actOnNode(
  action: NodeAction,
  { client, world, signal }: Context,
): Promise<void> {
  switch (action.type) {
    case "mark_unschedulable": {
      const metadata = {
        labels: { [NODE_SCHEDULABLE_LABEL]: "false" },
        // An agent that has come back in between has changed the node: its word counts.
        resourceVersion: world.node?.metadata.resourceVersion,
      };
      await client.patch(NODES, { name: world.name }, { metadata }, { signal });
      return;
    }
    case "fail_instance": {
      const { vmi, message } = action;
      const status = mergePatch(vmi.status ?? {}, failedWithNode(vmi, { message, now: world.now }));
      const { resourceVersion } = vmi.metadata;
      const patch = { metadata: { resourceVersion }, status };
      await client.patch(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), patch, { signal });
    }
  }
}
