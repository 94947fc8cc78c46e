import type { ClusterNode } from "./cluster_node.ts";

/** PID of a guest's QEMU as the node sees it; empty where there is none. The guest is in namespace default. */
export async function guestProcess(node: ClusterNode, vm: string): Promise<string> {
  return (await node.shell(`pgrep -f '^[^ ]*qemu-system.* guest=default_${vm},' || true`)).trim();
}
