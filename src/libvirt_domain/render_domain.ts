/**
 * VMI and facts in, libvirt's domain XML out. A device is a configurator in a file of its own; this is their order, which is
 * the order of the document and, for devices, the order in which the guest meets them on its PCI bus.
 */
import { configureClock } from "./clock.ts";
import type { Configurator, DomainInput, Fragment, Refusal } from "./configurator.ts";
import { configureControllers } from "./controllers.ts";
import { configureCpu } from "./cpu.ts";
import { configureDisks } from "./disks.ts";
import { configureFeatures } from "./features.ts";
import { configureGraphics } from "./graphics.ts";
import { configureGuestAgentChannel } from "./guest_agent_channel.ts";
import { configureHyperv } from "./hyperv.ts";
import { configureIdentity } from "./identity.ts";
import { configureInputs } from "./inputs.ts";
import { configureInterfaces } from "./interfaces.ts";
import { configureLifecycle } from "./lifecycle.ts";
import { configureMemory } from "./memory.ts";
import { configureMemoryBalloon } from "./memory_balloon.ts";
import { configureOs } from "./os.ts";
import { configurePanic } from "./panic.ts";
import { configureRng } from "./rng.ts";
import { configureSerialConsole } from "./serial_console.ts";
import { configureSound } from "./sound.ts";
import { configureSysinfo } from "./sysinfo.ts";
import { configureVcpu } from "./vcpu.ts";
import { configureWatchdog } from "./watchdog.ts";
import { refusePlaceholders, refuseUnknownFields } from "./refusals.ts";
import { element, renderXml, type XmlElement } from "./xml.ts";

const CONFIGURATORS: readonly Configurator[] = [
  configureIdentity,
  configureMemory,
  configureVcpu,
  configureSysinfo,
  configureOs,
  configureFeatures,
  configureHyperv,
  configureCpu,
  configureClock,
  configureLifecycle,
  configureControllers,
  configureDisks,
  configureInterfaces,
  configureSerialConsole,
  configureGuestAgentChannel,
  configureInputs,
  configureGraphics,
  configureSound,
  configureWatchdog,
  configureMemoryBalloon,
  configureRng,
  configurePanic,
];

export type RenderedDomain = { xml: string } | { refusals: readonly Refusal[] };

/** The domain's XML, or every reason why this VMI cannot be made as its spec says. */
export function renderDomain(input: DomainInput): RenderedDomain {
  const fragments = CONFIGURATORS.map((configure) => configure(input));
  const refusals = [
    ...refuseUnknownFields(input.vmi.spec),
    ...refusePlaceholders(input.vmi.spec.domain, "spec.domain"),
    ...fragments.flatMap((fragment) => fragment.refusals ?? []),
  ];
  if (refusals.length > 0) return { refusals };
  return { xml: renderXml(domainElement(fragments, input)) };
}

function domainElement(fragments: readonly Fragment[], { facts }: DomainInput): XmlElement {
  const features = fragments.flatMap((fragment) => fragment.features ?? []);
  const devices = fragments.flatMap((fragment) => fragment.devices ?? []);
  return element(
    "domain",
    { type: facts.emulated ? "qemu" : "kvm" },
    ...fragments.flatMap((fragment) => fragment.elements ?? []),
    features.length > 0 ? element("features", {}, ...features) : undefined,
    element("devices", {}, ...devices),
  );
}
