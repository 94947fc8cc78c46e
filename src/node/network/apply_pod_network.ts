/** Reads and writes the network namespace of a pod, with the node's own iproute2 and nftables. */
import * as z from "zod";
import { runCommand } from "../run_command.ts";
import type { MasqueradePlan } from "./plan.ts";
import { type PodLink, renderPodNetwork } from "./pod_network.ts";

const NETWORK_TIMEOUT_MS = 10_000;

const Links = z.array(z.object({
  ifname: z.string(),
  mtu: z.number(),
  flags: z.array(z.string()).default([]),
  master: z.string().optional(),
  addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number().optional() }))
    .default([]),
}));

/** The interfaces in the network namespace of a process. */
export async function observePodNetwork(pid: number, signal?: AbortSignal): Promise<PodLink[]> {
  const { stdout } = await runCommand(["nsenter", ...inNamespace(pid), "ip", "-j", "address"], {
    timeoutMs: NETWORK_TIMEOUT_MS,
    signal,
  });
  return Links.parse(JSON.parse(stdout)).map((link) => ({
    name: link.ifname,
    mtu: link.mtu,
    up: link.flags.includes("UP"),
    ...(link.master === undefined ? {} : { bridge: link.master }),
    addresses: link.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  }));
}

/** One process in the namespace does it all; the first command that fails ends it. Idempotent. */
const APPLY = `set -eu
ip -batch - <<END_OF_IP
$1
END_OF_IP
for pair in $3; do
  echo "\${pair#*=}" > "/proc/sys/\${pair%%=*}"
done
nft -f - <<END_OF_NFT
$2
END_OF_NFT
`;

/** Makes the plan true in the network namespace of a process; answers the links that were there before. */
export async function applyPodNetwork(
  plan: MasqueradePlan,
  { pid, signal }: { pid: number; signal?: AbortSignal },
): Promise<PodLink[]> {
  const links = await observePodNetwork(pid, signal);
  const { ip, nft, sysctls } = renderPodNetwork(plan, links);
  const settings = sysctls.map(([path, value]) => `${path}=${value}`).join(" ");
  await runCommand(
    ["nsenter", ...inNamespace(pid), "sh", "-c", APPLY, "sh", ip, nft, settings],
    { timeoutMs: NETWORK_TIMEOUT_MS, signal },
  );
  return links;
}

function inNamespace(pid: number): string[] {
  return [`--net=/proc/${pid}/ns/net`, "--"];
}
