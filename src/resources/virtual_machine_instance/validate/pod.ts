/** What concerns the pod and the place of a guest rather than its hardware. */
import { type Cause, invalid, notSupported, required } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { isIpAddress } from "./ip_address.ts";
import { dnsLabelObjection, dnsSubdomainObjection } from "./names.ts";

export const POD_RULES: readonly SpecRule[] = [
  hostname,
  subdomain,
  evictionStrategies,
  startStrategies,
  gracePeriod,
  dnsPolicy,
  dnsConfig,
];

const EVICTION_STRATEGIES: readonly string[] = [
  "None",
  "LiveMigrate",
  "LiveMigrateIfPossible",
  "External",
];
const DNS_POLICIES: readonly string[] = [
  "ClusterFirstWithHostNet",
  "ClusterFirst",
  "Default",
  "None",
];
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCHES_LENGTH_MAX = 2048;

function hostname({ spec, field }: SpecSubject): Cause[] {
  if (!spec.hostname) return [];
  const objection = dnsLabelObjection(spec.hostname);
  if (objection === undefined) return [];
  const where = `${field}.hostname`;
  return [
    invalid(where, `${where} does not conform to the kubernetes DNS_LABEL rules : ${objection}`),
  ];
}

function subdomain({ spec, field }: SpecSubject): Cause[] {
  if (!spec.subdomain) return [];
  const where = `${field}.subdomain`;
  const objection = dnsSubdomainObjection(spec.subdomain);
  if (objection === undefined) return [];
  return [
    invalid(
      where,
      `${where} does not conform to the kubernetes DNS_SUBDOMAIN rules : ${objection}`,
    ),
  ];
}

function evictionStrategies({ spec, field }: SpecSubject): Cause[] {
  const { evictionStrategy } = spec;
  if (!evictionStrategy || EVICTION_STRATEGIES.includes(evictionStrategy)) return [];
  const where = `${field}.evictionStrategy`;
  return [
    invalid(where, `${where} is set with an unrecognized option: ${evictionStrategy}`),
  ];
}

function startStrategies({ spec, field }: SpecSubject): Cause[] {
  const { startStrategy, livenessProbe } = spec;
  if (!startStrategy) return [];
  const where = `${field}.startStrategy`;
  if (startStrategy !== "Paused") {
    return [notSupported(where, `${where} is set with an unrecognized option: ${startStrategy}`)];
  }
  if (livenessProbe === undefined) return [];
  return [
    invalid(
      where,
      `either ${where} or ${field}.livenessProbe should be provided.Pausing VMI with LivenessProbe is not supported`,
    ),
  ];
}

function gracePeriod({ spec, field }: SpecSubject): Cause[] {
  if ((spec.terminationGracePeriodSeconds ?? 0) >= 0) return [];
  const where = `${field}.terminationGracePeriodSeconds`;
  return [invalid(where, `${where} must be greater than or equal to 0`)];
}

function dnsPolicy({ spec: { dnsPolicy, dnsConfig }, field }: SpecSubject): Cause[] {
  if (dnsPolicy && !DNS_POLICIES.includes(dnsPolicy)) {
    const message = `DNSPolicy: ${dnsPolicy} is not supported, valid values: ${
      DNS_POLICIES.join(", ")
    }`;
    return [notSupported(`${field}.dnsPolicy`, message)];
  }
  if (dnsPolicy !== "None") return [];
  if (dnsConfig === undefined) {
    const message = "must provide `dnsConfig` when `dnsPolicy` is None";
    return [required(`${field}.dnsConfig`, message)];
  }
  if ((dnsConfig.nameservers ?? []).length > 0) return [];
  const message = "must provide at least one DNS nameserver when `dnsPolicy` is None";
  return [required(`${field}.dnsConfig.nameservers`, message)];
}

/** As Kubernetes judges the pod that gets it. */
function dnsConfig({ spec: { dnsConfig }, field }: SpecSubject): Cause[] {
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  const where = `${field}.dnsConfig`;
  const causes: Cause[] = [];
  if (nameservers.length > NAMESERVERS_MAX) {
    const message = `must not have more than ${NAMESERVERS_MAX} nameservers: ${nameservers}`;
    causes.push(invalid(`${where}.nameservers`, message));
  }
  nameservers.forEach((address, index) => {
    if (isIpAddress(address)) return;
    causes.push(
      invalid(`${where}.nameservers[${index}]`, `must be valid IP address: ${address}`),
    );
  });
  if (searches.length > SEARCHES_MAX) {
    const message = `must not have more than ${SEARCHES_MAX} search paths`;
    causes.push(invalid(`${where}.searches`, message));
  }
  if (searches.join(" ").length > SEARCHES_LENGTH_MAX) {
    const message =
      `must not have more than ${SEARCHES_LENGTH_MAX} characters (including spaces) in the search list`;
    causes.push(invalid(`${where}.searches`, message));
  }
  searches.forEach((search, index) => {
    const objection = dnsSubdomainObjection(search.replace(/\.$/, ""));
    if (objection !== undefined) {
      causes.push(invalid(`${where}.searches[${index}]`, objection));
    }
  });
  options.forEach(({ name }, index) => {
    if (name) return;
    causes.push(invalid(`${where}.options[${index}].name`, "Option.Name must not be empty"));
  });
  return causes;
}
