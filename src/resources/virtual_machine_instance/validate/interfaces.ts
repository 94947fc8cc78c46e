/** Interfaces: a network, at most one binding, and addresses and ports that can be. */
import type { Interface } from "../../../api/interface.ts";
import { type Cause, duplicate, invalid, notSupported, required } from "../../cause.ts";
import type { JudgedSpec, SpecRule } from "../validate.ts";
import { isIpv4Address } from "./ip_address.ts";
import { countPresent, DNS_LABEL_LENGTH_MAX } from "./names.ts";
import { eachPlaced } from "./placed.ts";

export const INTERFACE_RULES: readonly SpecRule[] = [
  uniqueNames,
  names,
  networksExist,
  oneBinding,
  removedBindings,
  masqueradeOnPodNetwork,
  bridgeOnPodNetwork,
  models,
  macAddresses,
  uniqueMacAddresses,
  pciAddresses,
  ports,
  portNames,
  states,
  linkStates,
  absentStates,
  dhcpOptions,
];

const NAME = /^[A-Za-z0-9-_]+$/;
const MODELS: readonly string[] = [
  "e1000",
  "e1000e",
  "igb",
  "ne2k_pci",
  "pcnet",
  "rtl8139",
  "virtio",
];
const MAC = /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i;
const PCI_ADDRESS = /^(?:[0-9a-f]{4}):(?:[0-9a-f]{2}):(?:[0-9a-f]{2})\.([0-7])$/i;
const STATES: readonly string[] = ["up", "down", "absent"];
const PROTOCOLS: readonly string[] = ["TCP", "UDP"];
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;
const PRIVATE_OPTION_MIN = 224;
const PRIVATE_OPTION_MAX = 254;

type InterfaceRule = (one: Interface, field: string, subject: JudgedSpec) => Cause[];

function each(subject: JudgedSpec, rule: InterfaceRule): Cause[] {
  return eachPlaced(subject.interfaces, (one, field) => rule(one, field, subject));
}

function uniqueNames(subject: JudgedSpec): Cause[] {
  const seen = new Set<string>();
  return each(subject, ({ name }, field) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = "Only one interface can be connected to one specific network";
    return [duplicate(`${field}.name`, message)];
  });
}

function names(subject: JudgedSpec): Cause[] {
  return each(subject, ({ name }, field) => {
    if (NAME.test(name) && name.length <= DNS_LABEL_LENGTH_MAX) return [];
    const message =
      "Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)";
    return [invalid(`${field}.name`, message)];
  });
}

function networksExist(subject: JudgedSpec): Cause[] {
  const networks = new Set((subject.spec.networks ?? []).map(({ name }) => name));
  return each(subject, ({ name }, field) => {
    if (networks.has(name)) return [];
    return [invalid(`${field}.name`, `${field}.name '${name}' not found.`)];
  });
}

function oneBinding(subject: JudgedSpec): Cause[] {
  return each(subject, (one, field) => {
    const { bridge, masquerade, sriov, binding, passtBinding, passt, slirp, macvtap } = one;
    const count = countPresent(
      bridge,
      masquerade,
      sriov,
      binding,
      passtBinding,
      passt,
      slirp,
      macvtap,
    );
    if (count <= 1) return [];
    return [invalid(field, `logical ${one.name} interface cannot have more than one binding`)];
  });
}

function removedBindings(subject: JudgedSpec): Cause[] {
  return each(
    subject,
    (one, field) =>
      (["slirp", "macvtap", "passt"] as const).filter((binding) => one[binding] !== undefined)
        .map((binding) => {
          const title = binding[0]?.toUpperCase() + binding.slice(1);
          const message = `${title} interface support has been discontinued since v1.3`;
          return notSupported(`${field}.${binding}`, message);
        }),
  );
}

function isOnPodNetwork(one: Interface, { spec }: JudgedSpec): boolean {
  return spec.networks?.find(({ name }) => name === one.name)?.pod !== undefined;
}

function masqueradeOnPodNetwork(subject: JudgedSpec): Cause[] {
  return each(subject, (one, field) => {
    const hasNetwork = subject.spec.networks?.some(({ name }) => name === one.name) ?? false;
    if (one.masquerade === undefined || !hasNetwork || isOnPodNetwork(one, subject)) return [];
    return [invalid(`${field}.name`, "Masquerade interface only implemented with pod network")];
  });
}

function bridgeOnPodNetwork(subject: JudgedSpec): Cause[] {
  return each(subject, (one, field) => {
    if (one.bridge === undefined || subject.cluster.permitBridgeOnPodNetwork) return [];
    if (!isOnPodNetwork(one, subject)) return [];
    const message = "Bridge on pod network configuration is not enabled under kubevirt-config";
    return [invalid(`${field}.name`, message)];
  });
}

function models(subject: JudgedSpec): Cause[] {
  return each(subject, ({ name, model }, field) => {
    if (!model || MODELS.includes(model)) return [];
    const message = `interface ${field}.name '${name}' uses model ${model} that is not supported.`;
    return [notSupported(`${field}.model`, message)];
  });
}

function macAddresses(subject: JudgedSpec): Cause[] {
  return each(subject, ({ name, macAddress }, field) => {
    if (!macAddress) return [];
    const what = `interface ${field}.name '${name}' has`;
    if (!MAC.test(macAddress)) {
      return [invalid(`${field}.macAddress`, `${what} malformed MAC address (${macAddress}).`)];
    }
    if ((Number.parseInt(macAddress.slice(0, 2), 16) & 1) === 0) return [];
    return [invalid(`${field}.macAddress`, `${what} a multicast MAC address (${macAddress}).`)];
  });
}

function uniqueMacAddresses(subject: JudgedSpec): Cause[] {
  const seen = new Set<string>();
  return each(subject, ({ macAddress }, field) => {
    const address = macAddress?.toLowerCase().replaceAll("-", ":");
    if (!address) return [];
    if (!seen.has(address)) {
      seen.add(address);
      return [];
    }
    return [duplicate(`${field}.macAddress`, `MAC address ${macAddress} is used more than once`)];
  });
}

function pciAddresses({ disks, interfaces }: JudgedSpec): Cause[] {
  const devices = [
    ...disks.filter(({ entry }) => entry.disk?.pciAddress)
      .map(({ entry, field }) => [entry.disk?.pciAddress, `${field}.disk`] as const),
    ...interfaces.map(({ entry, field }) => [entry.pciAddress, field] as const),
  ];
  const taken = new Set<string>();
  return devices.flatMap(([address, device]) => {
    if (!address) return [];
    const where = `${device}.pciAddress`;
    if (!PCI_ADDRESS.test(address)) {
      return [invalid(where, `${where} has malformed PCI address (${address}).`)];
    }
    if (taken.has(address.toLowerCase())) {
      return [duplicate(where, `PCI address ${address} is used more than once`)];
    }
    taken.add(address.toLowerCase());
    return [];
  });
}

function ports(subject: JudgedSpec): Cause[] {
  return each(subject, (one, field) =>
    (one.ports ?? []).flatMap(({ port, protocol }, index) => {
      const where = `${field}.ports[${index}]`;
      const causes: Cause[] = [];
      if (port === 0) causes.push(required(where, "Port field is mandatory."));
      else if (port < 1 || port > 65535) {
        causes.push(invalid(where, "Port field must be in range 0 < x < 65536."));
      }
      if (protocol && !PROTOCOLS.includes(protocol)) {
        causes.push(invalid(`${where}.protocol`, "Unknown protocol, only TCP or UDP allowed"));
      }
      return causes;
    }));
}

function portNames(subject: JudgedSpec): Cause[] {
  return each(subject, (one, field) => {
    const seen = new Set<string>();
    return (one.ports ?? []).flatMap(({ name }, index) => {
      if (!name) return [];
      const where = `${field}.ports[${index}].name`;
      if (seen.has(name)) return [duplicate(where, `Duplicate name of the port: ${name}`)];
      seen.add(name);
      return PORT_NAME.test(name) ? [] : [invalid(where, `Invalid name of the port: ${name}`)];
    });
  });
}

function states(subject: JudgedSpec): Cause[] {
  return each(subject, ({ name, state }, field) => {
    if (!state || STATES.includes(state)) return [];
    const message = `logical ${name} interface state value is unsupported: ${state}`;
    return [invalid(`${field}.state`, message)];
  });
}

/** Whoever has the link sets its state. */
function linkStates(subject: JudgedSpec): Cause[] {
  return each(subject, ({ name, state, sriov, passtBinding }, field) => {
    if (state !== "up" && state !== "down") return [];
    if (sriov === undefined && passtBinding === undefined) return [];
    const message = `"${name}" interface's state "${state}" is not supported for its binding type`;
    return [invalid(`${field}.state`, message)];
  });
}

/** It says that an interface is to be unplugged. */
function absentStates(subject: JudgedSpec): Cause[] {
  return each(subject, (one, field) => {
    if (one.state !== "absent") return [];
    const says = (why: string) =>
      invalid(`${field}.state`, `"${one.name}" interface's state "absent" is ${why}`);
    return [
      ...(one.bridge === undefined ? [says("supported only for bridge binding")] : []),
      ...(isOnDefaultNetwork(one, subject) ? [says("not supported on default networks")] : []),
    ];
  });
}

function isOnDefaultNetwork(one: Interface, { spec }: JudgedSpec): boolean {
  const network = spec.networks?.find(({ name }) => name === one.name);
  return network?.pod !== undefined || network?.multus?.default === true;
}

function dhcpOptions(subject: JudgedSpec): Cause[] {
  return each(subject, ({ dhcpOptions }, field) => {
    const where = `${field}.dhcpOptions`;
    const options = dhcpOptions?.privateOptions ?? [];
    const outside = options.flatMap(({ option }, index) =>
      option >= PRIVATE_OPTION_MIN && option <= PRIVATE_OPTION_MAX ? [] : [
        invalid(
          `${where}.privateOptions[${index}].option`,
          `provided DHCPPrivateOptions are out of range, must be in range ${PRIVATE_OPTION_MIN} to ${PRIVATE_OPTION_MAX}`,
        ),
      ]
    );
    const repeated = options.flatMap(({ option }, index) =>
      options.findIndex((other) => other.option === option) === index ? [] : [
        duplicate(
          `${where}.privateOptions[${index}].option`,
          "Found Duplicates: you have provided duplicate DHCPPrivateOptions",
        ),
      ]
    );
    const servers = (dhcpOptions?.ntpServers ?? []).flatMap((server, index) =>
      isIpv4Address(server) ? [] : [
        invalid(
          `${where}.ntpServers[${index}]`,
          "NTP servers must be a list of valid IPv4 addresses.",
        ),
      ]
    );
    return [...outside, ...repeated, ...servers];
  });
}
