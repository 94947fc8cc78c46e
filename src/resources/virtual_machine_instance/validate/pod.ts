/** What concerns the pod and the place of a guest rather than its hardware. */
import { type Cause, invalid, notSupported, required } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { countPresent, DNS_NAME_LENGTH_MAX, dnsLabelObjection } from "./names.ts";

export const POD_RULES: readonly SpecRule[] = [
  hostname,
  subdomain,
  evictionStrategies,
  startStrategies,
  gracePeriod,
  dns,
  accessCredentials,
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
  const objection = spec.subdomain.length > DNS_NAME_LENGTH_MAX
    ? `must be no more than ${DNS_NAME_LENGTH_MAX} characters`
    : spec.subdomain.split(".").map(dnsLabelObjection).find((one) => one !== undefined);
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

function dns({ spec, field }: SpecSubject): Cause[] {
  const { dnsPolicy, dnsConfig } = spec;
  const causes: Cause[] = [];
  if (dnsPolicy && !DNS_POLICIES.includes(dnsPolicy)) {
    const message = `DNSPolicy: ${dnsPolicy} is not supported, valid values: ${
      DNS_POLICIES.join(", ")
    }`;
    causes.push(notSupported(`${field}.dnsPolicy`, message));
  }
  const nameservers = dnsConfig?.nameservers ?? [];
  if (dnsPolicy === "None" && nameservers.length === 0) {
    const where = `${field}.dnsConfig.nameservers`;
    causes.push(
      required(where, `must provide at least one DNS nameserver when \`dnsPolicy\` is None`),
    );
  }
  if (nameservers.length > NAMESERVERS_MAX) {
    const message = `must not have more than ${NAMESERVERS_MAX} nameservers`;
    causes.push(invalid(`${field}.dnsConfig.nameservers`, message));
  }
  if ((dnsConfig?.searches ?? []).length > SEARCHES_MAX) {
    const message = `must not have more than ${SEARCHES_MAX} search paths`;
    causes.push(invalid(`${field}.dnsConfig.searches`, message));
  }
  return causes;
}

function accessCredentials({ spec, field }: SpecSubject): Cause[] {
  return (spec.accessCredentials ?? []).flatMap((credential, index) => {
    const where = `${field}.accessCredentials[${index}]`;
    const { sshPublicKey, userPassword } = credential;
    if (countPresent(sshPublicKey, userPassword) !== 1) {
      return [invalid(where, `${where} must have exactly one access credential type set`)];
    }
    const causes: Cause[] = [];
    const [name, source, method] = sshPublicKey === undefined
      ? ["userPassword", userPassword?.source, userPassword?.propagationMethod] as const
      : ["sshPublicKey", sshPublicKey.source, sshPublicKey.propagationMethod] as const;
    if (source?.secret === undefined) {
      causes.push(
        required(`${where}.${name}.source`, `${where}.${name}.source must have a secret`),
      );
    }
    if (method === undefined || Object.keys(method).length !== 1) {
      const message = `${where}.${name} must have exactly one propagationMethod set`;
      causes.push(invalid(`${where}.${name}.propagationMethod`, message));
    }
    const users = sshPublicKey?.propagationMethod.qemuGuestAgent?.users;
    if (users !== undefined && users.length === 0) {
      const message =
        `${where}.sshPublicKey.propagationMethod.qemuGuestAgent requires at least one user`;
      causes.push(
        required(`${where}.sshPublicKey.propagationMethod.qemuGuestAgent.users`, message),
      );
    }
    return causes;
  });
}
