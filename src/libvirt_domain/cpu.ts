import type { DomainInput, Fragment } from "./configurator.ts";
import { cpuTopology } from "./cpu_topology.ts";
import { element, type XmlElement } from "./xml.ts";

const HOST_MODEL = "host-model";
const HOST_PASSTHROUGH = "host-passthrough";

/**
 * The CPU the guest sees. Without a model it is the host's, which under emulation means everything that TCG can do: the
 * host's own model would ask it for features it does not have.
 */
export function configureCpu(input: DomainInput): Fragment {
  const cpu = input.vmi.spec.domain.cpu;
  const topology = cpuTopology(input.vmi);
  const sockets = Math.max(cpu?.maxSockets ?? 0, topology.sockets);
  const features = (cpu?.features ?? []).map((feature) =>
    element("feature", { policy: feature.policy || "require", name: feature.name })
  );
  return {
    elements: [element(
      "cpu",
      mode(input),
      ...model(input),
      element("topology", { sockets, cores: topology.cores, threads: topology.threads }),
      ...features,
    )],
  };
}

function isHostCpu(name: string | undefined): boolean {
  return name === undefined || name === "" || name === HOST_MODEL || name === HOST_PASSTHROUGH;
}

function mode({ vmi, facts }: DomainInput): Record<string, string> {
  const name = vmi.spec.domain.cpu?.model;
  if (!isHostCpu(name)) return { mode: "custom", match: "exact", check: "none" };
  if (facts.emulated) return { mode: "maximum", check: "none" };
  return { mode: name === HOST_PASSTHROUGH ? HOST_PASSTHROUGH : HOST_MODEL, check: "none" };
}

function model({ vmi }: DomainInput): XmlElement[] {
  const name = vmi.spec.domain.cpu?.model;
  return isHostCpu(name) ? [] : [element("model", { fallback: "allow" }, name)];
}
