import { isIpv4 } from "./ipv4.ts";

export interface ResolverConfiguration {
  /** IPv4 only: they are handed out by DHCP. */
  nameservers: string[];
  searchDomains: string[];
}

/** What resolvers themselves read of the file. */
const NAMESERVERS_MAX = 3;
const SEARCH_DOMAINS_MAX = 32;

/** Reads resolv.conf(5) as the kubelet writes it from the pod's dnsPolicy and dnsConfig. */
export function parseResolvConf(text: string): ResolverConfiguration {
  const nameservers: string[] = [];
  let searchDomains: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined && isIpv4(values[0])) {
      nameservers.push(values[0]);
    }
    // The last one counts.
    if (keyword === "search" || keyword === "domain") {
      searchDomains = values.filter((domain) => /^[A-Za-z0-9_.-]{1,253}$/.test(domain));
    }
  }
  return {
    nameservers: nameservers.slice(0, NAMESERVERS_MAX),
    searchDomains: searchDomains.slice(0, SEARCH_DOMAINS_MAX),
  };
}

/** A guest of a subdomain finds its peers by their short names: their headless service's domain is searched first. */
export function withSubdomain(
  configuration: ResolverConfiguration,
  { subdomain, namespace }: { subdomain: string | undefined; namespace: string },
): ResolverConfiguration {
  if (!subdomain) return configuration;
  const service = configuration.searchDomains.find((domain) =>
    domain.startsWith(`${namespace}.svc.`)
  );
  if (service === undefined) return configuration;
  const first = `${subdomain}.${service}`;
  return { ...configuration, searchDomains: [first, ...configuration.searchDomains] };
}
