/** Networks: exactly one source each, one pod network, each used by one interface. */
import { type Cause, duplicate, invalid, required } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { countPresent } from "./names.ts";

export const NETWORK_RULES: readonly SpecRule[] = [
  uniqueNames,
  oneSource,
  onePodNetwork,
  multusNames,
  oneMultusDefault,
  usedByInterfaces,
  podNetworkRange,
];

const IPV4_CIDR = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|(?=\/))){4}\/(?:[12]?\d|3[0-2])$/;
/** The bridge, the guest and the broadcast address must fit. */
const PREFIX_LENGTH_MAX = 30;

function uniqueNames({ spec, field }: SpecSubject): Cause[] {
  const seen = new Set<string>();
  return (spec.networks ?? []).flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message =
      `Network with name "${name}" already exists, every network must have a unique name`;
    return [duplicate(`${field}.networks[${index}].name`, message)];
  });
}

function oneSource({ spec, field }: SpecSubject): Cause[] {
  return (spec.networks ?? []).flatMap((network, index) => {
    const where = `${field}.networks[${index}]`;
    const count = countPresent(network.pod, network.multus, network.resourceClaim);
    if (count === 0) return [required(where, "should have a network type")];
    return count === 1 ? [] : [invalid(where, "should have only one network type")];
  });
}

function onePodNetwork({ spec, field }: SpecSubject): Cause[] {
  const count = (spec.networks ?? []).filter((network) => network.pod !== undefined).length;
  if (count <= 1) return [];
  const where = `${field}.domain.devices.interfaces`;
  return [invalid(where, `more than one interface is connected to a pod network in ${where}`)];
}

function multusNames({ spec, field }: SpecSubject): Cause[] {
  return (spec.networks ?? []).flatMap(({ multus }, index) => {
    if (multus === undefined || multus.networkName !== "") return [];
    const where = `${field}.networks[${index}].multus.networkName`;
    return [required(where, "CNI delegating plugin must have a networkName")];
  });
}

function oneMultusDefault({ spec, field }: SpecSubject): Cause[] {
  const networks = spec.networks ?? [];
  const defaults = networks.filter((network) => network.multus?.default === true).length;
  const causes: Cause[] = [];
  if (defaults > 1) {
    causes.push(invalid(`${field}.networks`, "Multus CNI should only have one default network"));
  }
  if (defaults > 0 && networks.some((network) => network.pod !== undefined)) {
    const message = "Pod network cannot be defined when Multus default network is defined";
    causes.push(invalid(`${field}.networks`, message));
  }
  return causes;
}

function usedByInterfaces({ spec, field }: SpecSubject): Cause[] {
  const used = new Set((spec.domain.devices.interfaces ?? []).map(({ name }) => name));
  return (spec.networks ?? []).flatMap(({ name }, index) => {
    if (used.has(name)) return [];
    const where = `${field}.networks[${index}].name`;
    return [required(where, `${where} '${name}' not found.`)];
  });
}

function podNetworkRange({ spec, field }: SpecSubject): Cause[] {
  return (spec.networks ?? []).flatMap(({ pod }, index) => {
    const range = pod?.vmNetworkCIDR;
    if (range === undefined || range === "") return [];
    const where = `${field}.networks[${index}].pod.vmNetworkCIDR`;
    if (!IPV4_CIDR.test(range)) {
      return [invalid(where, `${where} must be an IPv4 CIDR: got ${range}`)];
    }
    if (Number(range.split("/")[1]) <= PREFIX_LENGTH_MAX) return [];
    return [invalid(where, `${where} must leave room for two addresses: got ${range}`)];
  });
}
