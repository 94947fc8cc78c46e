/** What programs of the machine listen on, as `ss` of iproute2 tells it. */
import { runCommand } from "../../../node/run_command.ts";
import type { HostListener } from "./world.ts";

const TIMEOUT_MS = 10_000;

/** Sockets of TCP that listen, and of UDP that are not one peer's. */
export async function hostListeners(signal: AbortSignal): Promise<HostListener[]> {
  const options = { timeoutMs: TIMEOUT_MS, signal };
  const { stdout } = await runCommand(
    ["ss", "--no-header", "--numeric", "--listening", "--tcp", "--udp"],
    options,
  );
  return parseListeners(stdout);
}

/** "tcp LISTEN 0 128 127.0.0.53%lo:53 0.0.0.0:*". Ports of IPv6 alone are left out: nothing of it leads to guests. */
export function parseListeners(text: string): HostListener[] {
  return text.split("\n").flatMap((line): HostListener[] => {
    const [netid = "", , , , local = ""] = line.trim().split(/\s+/);
    const protocol = netid === "tcp" ? "TCP" : netid === "udp" ? "UDP" : undefined;
    const colon = local.lastIndexOf(":");
    const port = Number(local.slice(colon + 1));
    const address = ipv4Of(local.slice(0, Math.max(colon, 0)));
    if (protocol === undefined || address === undefined || !Number.isInteger(port)) return [];
    return [{ protocol, address, port }];
  });
}

/** `undefined`: of IPv6 alone. */
function ipv4Of(shown: string): string | undefined {
  const address = shown.replace(/%[^\]]*/, "");
  if (address === "*" || address === "0.0.0.0") return "*";
  const mapped = /^\[::ffff:([\d.]+)\]$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(":") || address === "" ? undefined : address;
}
