import type { ClusterNode } from "./cluster_node.ts";

/** What guests leave on a node while they run: one line each, without anything that changes by itself. */
export interface NodeTraces {
  processes: string[];
  /** Taps and bridges of guests, in every network namespace. */
  links: string[];
  networkNamespaces: string[];
  nftables: string[];
  /** Below the VMs' directories, in every mount namespace. */
  mounts: string[];
  files: string[];
  podDirectories: string[];
  cgroups: string[];
}

const SCRIPT = `
echo processes
ps -eo args | grep -E '^([^ ]*/)?(qemu-system-|denovirt-domain|envelope|genisoimage|xorriso)' | cut -c1-120 || true
echo links
for ns in /proc/1/ns/net /run/netns/*; do
  [ -e "$ns" ] && nsenter --net="$ns" ip -o link 2>/dev/null | grep -oE ' (tap|k6t-)[^:@]*' || true
done
echo networkNamespaces
ls /run/netns 2>/dev/null || true
echo nftables
for ns in /proc/1/ns/net /run/netns/*; do
  [ -e "$ns" ] && nsenter --net="$ns" nft list tables 2>/dev/null | grep -v kube-proxy || true
done
echo mounts
cat /proc/[0-9]*/mountinfo 2>/dev/null | grep -oE '/run/denovirt/vms[^ ]*' | sort -u || true
echo files
find /run/denovirt/vms -mindepth 1 -maxdepth 1 2>/dev/null || true
echo podDirectories
ls /var/lib/kubelet/pods
echo cgroups
find /sys/fs/cgroup/memory/CGROUP /sys/fs/cgroup/CGROUP -type d -name 'pod*' 2>/dev/null || true
`;

/** Looks for every kind of trace at once. */
export async function nodeTraces(node: ClusterNode): Promise<NodeTraces> {
  const output = await node.shell(
    SCRIPT.replaceAll("CGROUP", `denovirt-cluster${node.address.split(".")[2]}/${node.name}`),
  );
  const traces: NodeTraces = {
    processes: [],
    links: [],
    networkNamespaces: [],
    nftables: [],
    mounts: [],
    files: [],
    podDirectories: [],
    cgroups: [],
  };
  let section: keyof NodeTraces = "processes";
  for (const line of output.split("\n").map((text) => text.trim())) {
    if (line in traces) section = line as keyof NodeTraces;
    else if (line !== "") traces[section].push(line);
  }
  for (const lines of Object.values(traces)) lines.sort();
  return traces;
}

/** What is in `after` and was not in `before`, one line each: empty when nothing is left. */
export function newTraces(before: NodeTraces, after: NodeTraces): string[] {
  const found: string[] = [];
  for (const kind of Object.keys(after) as (keyof NodeTraces)[]) {
    const known = [...before[kind]];
    for (const line of after[kind]) {
      const index = known.indexOf(line);
      if (index < 0) found.push(`${kind}: ${line}`);
      else known.splice(index, 1);
    }
  }
  return found;
}
