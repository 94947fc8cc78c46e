/** Everything about a launch that is known before the pod is touched: pure. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { DomainFacts, Refusal } from "../../libvirt_domain/configurator.ts";
import { renderDomain } from "../../libvirt_domain/render_domain.ts";
import { type NetworkPlan, planNetwork } from "../network/plan.ts";
import type { NodeFacts } from "../node_facts.ts";
import { planVolumes, type VolumePlan } from "../volumes/plan.ts";

export interface LaunchPlan {
  network: NetworkPlan;
  volumes: VolumePlan;
  /** Every field that this node cannot act on. Empty: it can be launched. */
  refusals: readonly Refusal[];
}

/** Any MTU: it changes no refusal. */
const SOME_MTU = 1500;

export function planLaunch(vmi: VirtualMachineInstance, node: NodeFacts): LaunchPlan {
  const network = planNetwork(vmi);
  const volumes = planVolumes(vmi);
  const facts = domainFacts({ network, volumes, node, mtu: SOME_MTU });
  const rendered = renderDomain({ vmi, facts });
  const planned = [...network.refusals, ...volumes.refusals];
  const refusals = "refusals" in rendered
    ? [...planned, ...consequencesLeftOut(rendered.refusals, planned)]
    : planned;
  return { network, volumes, refusals };
}

export function domainFacts({ network, volumes, node, mtu }: {
  network: NetworkPlan;
  volumes: VolumePlan;
  node: NodeFacts;
  mtu: number;
}): DomainFacts {
  return {
    emulated: node.emulationReason !== undefined,
    disks: volumes.disks,
    interfaces: Object.fromEntries(
      network.interfaces.map(({ interfaceName, tap, macAddress }) => [
        interfaceName,
        { tap, macAddress, mtu },
      ]),
    ),
    ...(node.efi === undefined ? {} : { efi: node.efi }),
    ...(node.efiSecureBoot === undefined ? {} : { efiSecureBoot: node.efiSecureBoot }),
  };
}

/** A disk or interface without its volume or network is only told about when that was not refused itself. */
function consequencesLeftOut(
  rendered: readonly Refusal[],
  planned: readonly Refusal[],
): Refusal[] {
  if (planned.length === 0) return [...rendered];
  return rendered.filter(({ field }) => !/\.(disks|interfaces)\[\d+\]\.name$/.test(field));
}
