import type { Pod } from "../../resources/core_objects.ts";

/** systemd-resolved's stub answers on loopback alone: what it asks itself is here. */
const SOURCES = ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"];
const LOOPBACK = /^nameserver\s+(127\.|::1)/;
const TEXT_BYTES_MAX = 64 * 1024;

interface DnsConfig {
  nameservers?: string[];
  searches?: string[];
}

/** What a pod's dnsPolicy and dnsConfig come to where there is no DNS of a cluster: the machine's own. Pure. */
export function renderResolvConf({ spec }: Pod, ofMachine: string): string {
  const config = (spec.dnsConfig ?? {}) as DnsConfig;
  const own = [
    ...(config.nameservers ?? []).map((address) => `nameserver ${address}`),
    ...(config.searches?.length ? [`search ${config.searches.join(" ")}`] : []),
  ];
  const plain = own.filter((line) => !line.includes("\n"));
  if (spec.dnsPolicy === "None") return `${plain.join("\n")}\n`;
  const lines = ofMachine.split("\n")
    .filter((line) => /^(nameserver|search|domain)\s/.test(line) && !LOOPBACK.test(line));
  return `${[...lines, ...plain].join("\n")}\n`;
}

/** Puts it where the container that the guest runs in has its files. */
export async function writeResolvConf(
  directory: string,
  containers: readonly { name: string }[],
  pod: Pod,
): Promise<void> {
  const text = renderResolvConf(pod, await readOfMachine());
  for (const { name } of containers) {
    const etc = `${directory}/roots/${name}/upper/etc`;
    await Deno.mkdir(etc, { recursive: true });
    await Deno.writeTextFile(`${etc}/resolv.conf`, text);
  }
}

async function readOfMachine(): Promise<string> {
  for (const path of SOURCES) {
    try {
      return (await Deno.readTextFile(path)).slice(0, TEXT_BYTES_MAX);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return "";
}
