import type { DomainInput, Fragment } from "./configurator.ts";
import { element, type XmlElement } from "./xml.ts";

/** The guest's hardware clock and its timers. Without a word about them, libvirt's clock is UTC. */
export function configureClock({ vmi }: DomainInput): Fragment {
  const clock = vmi.spec.domain.clock;
  if (clock === undefined) return {};
  const { hpet, hyperv, kvm, pit, rtc } = clock.timer ?? {};
  return {
    elements: [element(
      "clock",
      offset(clock),
      timer("rtc", rtc, { tickpolicy: rtc?.tickPolicy, track: rtc?.track }),
      timer("pit", pit, { tickpolicy: pit?.tickPolicy }),
      timer("kvmclock", kvm),
      timer("hpet", hpet, { tickpolicy: hpet?.tickPolicy }),
      timer("hypervclock", hyperv),
    )],
  };
}

function offset(
  clock: {
    timezone?: string | undefined;
    utc?: { offsetSeconds?: number | undefined } | undefined;
  },
): Record<string, string> {
  if (clock.timezone !== undefined && clock.timezone !== "") {
    return { offset: "timezone", timezone: clock.timezone };
  }
  // "reset": what the guest writes to its clock is forgotten at the next start.
  const seconds = clock.utc?.offsetSeconds;
  return seconds === undefined
    ? { offset: "utc", adjustment: "reset" }
    : { offset: "variable", basis: "utc", adjustment: String(seconds) };
}

function timer(
  name: string,
  source: { present?: boolean | undefined } | undefined,
  extra: Record<string, string | undefined> = {},
): XmlElement | undefined {
  if (source === undefined) return undefined;
  const set = Object.fromEntries(Object.entries(extra).filter(([, value]) => value));
  return element("timer", { name, present: source.present === false ? "no" : "yes", ...set });
}
