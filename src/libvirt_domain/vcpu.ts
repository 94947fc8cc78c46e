import type { DomainInput, Fragment } from "./configurator.ts";
import { cpuTopology, vcpuCount } from "./cpu_topology.ts";
import { element } from "./xml.ts";

/** vCPUs of the guest. With maxSockets the guest sees the empty sockets, so that later ones can be plugged in. */
export function configureVcpu({ vmi }: DomainInput): Fragment {
  const topology = cpuTopology(vmi);
  const now = vcpuCount(topology);
  const sockets = Math.max(vmi.spec.domain.cpu?.maxSockets ?? 0, topology.sockets);
  const most = vcpuCount({ ...topology, sockets });
  const current = most === now ? undefined : now;
  return { elements: [element("vcpu", { placement: "static", current }, String(most))] };
}
