import type { Cluster } from "./cluster.ts";
import type { ClusterNode } from "./cluster_node.ts";
import { waitUntil } from "./wait_until.ts";

const RESTART_TIMEOUT_MS = 120_000;

/** Kills the agent of a node, and resolves when another one is ready. `pid` looks for it: "" where there is none. */
export async function killAgent(
  cluster: Cluster,
  node: ClusterNode,
  pid: (node: ClusterNode) => Promise<string>,
): Promise<void> {
  const before = await pid(node);
  await node.run(["kill", "-KILL", before]);
  await waitUntil({
    what: `another agent on ${node.name}`,
    timeoutMs: RESTART_TIMEOUT_MS,
    look: () => pid(node),
    until: (seen) => seen !== "" && seen !== before,
  });
  await agentsReady(cluster);
}

/** Resolves when every node's agent is ready. */
export async function agentsReady(cluster: Cluster): Promise<void> {
  const rollout = ["rollout", "status", "daemonset/denovirt-node"];
  await cluster.kubectl([...rollout, "--namespace=kubevirt", "--timeout=90s"]);
}
