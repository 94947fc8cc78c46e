/** What pods have as /etc/resolv.conf, as the kubelet makes it (pkg/kubelet/network/dns). The agent gives it on to guests by DHCP. */
import type { Pod } from "../../resources/core_objects.ts";
import { parseResolvConf, type ResolverConfiguration } from "../../node/network/resolv_conf.ts";
import { CLUSTER_DOMAIN } from "./names/zone.ts";

/** systemd-resolved's stub answers on loopback alone: what it asks itself is here. */
const FOR_PODS = ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"];
const OF_MACHINE = ["/etc/resolv.conf"];
const LOOPBACK = "127.";
const TEXT_BYTES_MAX = 64 * 1024;
/** A resolver asks no more; the kubelet gives no more. */
const NAME_SERVERS_MAX = 3;
const SEARCHES_MAX = 32;
/** As in clusters: names with fewer dots are looked for below the searched domains first. */
const CLUSTER_OPTION = "ndots:5";

interface DnsConfig {
  nameservers?: string[];
  searches?: string[];
  options?: { name?: string; value?: string }[];
}

/** What a pod's dnsPolicy and dnsConfig come to. Pure. @param nameServer the one of guests; absent: there is none, and all have the machine's */
export function renderResolvConf(
  { metadata: { namespace }, spec }: Pod,
  ofMachine: ResolverConfiguration,
  nameServer?: string,
): string {
  const own = (spec.dnsConfig ?? {}) as DnsConfig;
  const given = givenOf(spec.dnsPolicy ?? "ClusterFirst", {
    ofMachine,
    nameServer,
    namespace: namespace ?? "default",
  });
  const ownOptions = (own.options ?? []).map(({ name = "", value }) =>
    value === undefined ? name : `${name}:${value}`
  );
  const nameservers = merged(given.nameservers, own.nameservers).slice(0, NAME_SERVERS_MAX);
  const searches = merged(given.searchDomains, own.searches).slice(0, SEARCHES_MAX);
  const isOverridden = (option: string) =>
    ownOptions.some((each) => each.split(":")[0] === option.split(":")[0]);
  const options = merged(given.options.filter((each) => !isOverridden(each)), ownOptions);
  const lines = [
    ...nameservers.map((address) => `nameserver ${address}`),
    ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

interface Given extends ResolverConfiguration {
  options: string[];
}

function givenOf(
  policy: string,
  { ofMachine, nameServer, namespace }: {
    ofMachine: ResolverConfiguration;
    nameServer: string | undefined;
    namespace: string;
  },
): Given {
  if (policy === "None") return { nameservers: [], searchDomains: [], options: [] };
  const { nameservers, searchDomains } = ofMachine;
  if (policy !== "Default" && nameServer !== undefined) {
    const svc = `svc.${CLUSTER_DOMAIN}`;
    return {
      nameservers: [nameServer],
      searchDomains: [`${namespace}.${svc}`, svc, CLUSTER_DOMAIN, ...searchDomains],
      options: [CLUSTER_OPTION],
    };
  }
  return { nameservers, searchDomains, options: [] };
}

/** Each once, and none that would be more than a word. */
function merged(given: readonly string[], own: readonly string[] = []): string[] {
  return [...new Set([...given, ...own])].filter((each) => /^\S+$/.test(each));
}

/** Puts it where the container that the guest runs in has its files. */
export async function writeResolvConf(
  directory: string,
  { pod, nameServer }: { pod: Pod; nameServer: string | undefined },
): Promise<void> {
  const text = renderResolvConf(pod, await resolvConfForPods(), nameServer);
  for (const { name } of pod.spec.containers) {
    const etc = `${directory}/roots/${name}/upper/etc`;
    await Deno.mkdir(etc, { recursive: true });
    await Deno.writeTextFile(`${etc}/resolv.conf`, text);
  }
}

/** With the name servers that pods reach, as far as the machine has any. */
export async function resolvConfForPods(): Promise<ResolverConfiguration> {
  return reachableByPods(await readFirst(FOR_PODS));
}

/** Without those on loopback. Pure. */
export function reachableByPods(configuration: ResolverConfiguration): ResolverConfiguration {
  const nameservers = configuration.nameservers.filter((each) => !each.startsWith(LOOPBACK));
  return { ...configuration, nameservers };
}

/** What programs of the machine go by. */
export async function resolvConfOfMachine(): Promise<ResolverConfiguration> {
  return await readFirst(OF_MACHINE);
}

async function readFirst(paths: readonly string[]): Promise<ResolverConfiguration> {
  for (const path of paths) {
    try {
      return parseResolvConf((await Deno.readTextFile(path)).slice(0, TEXT_BYTES_MAX));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return parseResolvConf("");
}
