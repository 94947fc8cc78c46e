/** Makes the machine's network of pods, with its own iproute2 and nftables. */
import { CommandError, runCommand } from "../../../node/run_command.ts";
import { exists } from "../exists.ts";
import {
  type MachineNetwork,
  namespaceOf,
  renderBridge,
  renderMasquerade,
  renderPodLink,
  serviceTableOf,
  sysctls,
  tableOf,
  vethOf,
} from "./machine_network.ts";

const NETWORK_TIMEOUT_MS = 10_000;
const NAMESPACES = "/run/netns";

/** What is piped into a program of the network: no shell sees what is in it. */
const PIPE = `set -eu
program=$1 text=$2
shift 2
printf '%s\\n' "$text" | "$program" "$@"
`;

/** The bridge, its address and the rules. Idempotent. */
export async function applyMachineNetwork(
  network: MachineNetwork,
  signal?: AbortSignal,
): Promise<void> {
  const { make, routed } = renderBridge(network);
  if (!await hasInterface(network.bridge)) await ip(make.split(" "), signal);
  await pipe(["ip", "-batch", "-"], routed, signal);
  for (const [path, value] of sysctls(network)) {
    await Deno.writeTextFile(`/proc/sys/${path}`, value);
  }
  await nft(renderMasquerade(network), signal);
}

/** Takes away what {@link applyMachineNetwork} has made. Idempotent. */
export async function removeMachineNetwork(
  network: Pick<MachineNetwork, "bridge">,
): Promise<void> {
  const tables = [tableOf(network), serviceTableOf(network)];
  // Added first: what is not there cannot be deleted.
  await nft(tables.map((name) => `add table ip ${name}\ndelete table ip ${name}`).join("\n"));
  await removeLink(network.bridge);
}

/** Also one without an address, which `Deno.networkInterfaces` leaves out. */
export async function hasInterface(name: string): Promise<boolean> {
  return await exists(`/sys/class/net/${name}`);
}

/** Answers the path of the pod's network namespace. Idempotent: what a start that was cut short has left is made anew. */
export async function makePodNetwork(
  network: MachineNetwork,
  pod: { podUid: string; address: string },
  signal: AbortSignal,
): Promise<string> {
  const name = namespaceOf(pod.podUid);
  const path = `${NAMESPACES}/${name}`;
  await removePodNetwork(pod.podUid);
  await ip(["netns", "add", name], signal);
  const { outside, inside } = renderPodLink(network, pod);
  await pipe(["ip", "-batch", "-"], outside, signal);
  await pipe(["ip", "-netns", name, "-batch", "-"], inside, signal);
  return path;
}

/** The link by itself: with the namespace it goes some time later, and its name is taken until then. Idempotent. */
export async function removePodNetwork(podUid: string): Promise<void> {
  await removeLink(vethOf(podUid));
  const name = namespaceOf(podUid);
  if (await exists(`${NAMESPACES}/${name}`)) await ip(["netns", "delete", name]);
}

async function removeLink(name: string): Promise<void> {
  if (!await hasInterface(name)) return;
  try {
    await ip(["link", "delete", name]);
  } catch (error) {
    // It went with its other end.
    if (!(error instanceof CommandError && /Cannot find device/.test(error.message))) throw error;
  }
}

/** Feeds a batch to nft. */
export async function nft(rules: string, signal?: AbortSignal): Promise<void> {
  await pipe(["nft", "-f", "-"], rules, signal);
}

async function pipe(
  [program = "", ...args]: readonly string[],
  text: string,
  signal?: AbortSignal,
): Promise<void> {
  const options = { timeoutMs: NETWORK_TIMEOUT_MS, signal };
  await runCommand(["sh", "-c", PIPE, "sh", program, text, ...args], options);
}

async function ip(args: readonly string[], signal?: AbortSignal): Promise<void> {
  try {
    await runCommand(["ip", ...args], { timeoutMs: NETWORK_TIMEOUT_MS, signal });
  } catch (error) {
    // Two that make the same at once both have it.
    const isThere = error instanceof CommandError && /File exists/.test(error.message);
    if (!isThere || args[0] !== "link") throw error;
  }
}
