import type { Interface } from "../api/interface.ts";
import {
  bootOrder,
  type DomainInput,
  type Fragment,
  type Refusal,
  userAlias,
  virtioModel,
} from "./configurator.ts";
import { cpuTopology, vcpuCount } from "./cpu_topology.ts";
import { element, type XmlElement } from "./xml.ts";

const MODELS: readonly string[] = ["virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet"];

/** Queues that a tap device can have. */
const QUEUES_MAX = 256;

/** Guest interfaces on taps that exist already in the pod's network namespace: libvirt is not to touch them. */
export function configureInterfaces(input: DomainInput): Fragment {
  const devices: XmlElement[] = [];
  const refusals: Refusal[] = [];
  (input.vmi.spec.domain.devices.interfaces ?? []).forEach((nic, index) => {
    const at = `spec.domain.devices.interfaces[${index}]`;
    const source = input.facts.interfaces[nic.name];
    if (nic.model && !MODELS.includes(nic.model)) {
      refusals.push({ field: `${at}.model`, message: `model is not supported: got ${nic.model}` });
    } else if (nic.state === "absent") {
      return;
    } else if (source === undefined) {
      refusals.push({ field: `${at}.name`, message: "no network of this name could be set up" });
    } else {
      devices.push(interfaceElement(nic, input));
    }
  });
  return { devices, refusals };
}

/** How many queues an interface has: more than one only for virtio, and only when asked for. */
export function queueCount(nic: Interface, { vmi }: Pick<DomainInput, "vmi">): number {
  const asked = vmi.spec.domain.devices.networkInterfaceMultiqueue === true;
  if (!asked || (nic.model && nic.model !== "virtio")) return 1;
  return Math.min(vcpuCount(cpuTopology(vmi)), QUEUES_MAX);
}

function interfaceElement(nic: Interface, input: DomainInput): XmlElement {
  const source = input.facts.interfaces[nic.name];
  const queues = queueCount(nic, input);
  const virtio = !nic.model || nic.model === "virtio";
  return element(
    "interface",
    { type: "ethernet" },
    element("mac", { address: source?.macAddress }),
    element("target", { dev: source?.tap, managed: "no" }),
    element("model", { type: virtio ? virtioModel(input) : nic.model }),
    queues > 1 ? element("driver", { name: "vhost", queues }) : undefined,
    element("mtu", { size: source?.mtu }),
    nic.state === "down" ? element("link", { state: "down" }) : undefined,
    bootOrder(nic.bootOrder),
    // Without a place in the boot order, the interface has no boot ROM: the firmware then wastes no time on it.
    nic.bootOrder === undefined ? element("rom", { enabled: "no" }) : undefined,
    nic.acpiIndex ? element("acpi", { index: nic.acpiIndex }) : undefined,
    userAlias(nic.name),
  );
}
