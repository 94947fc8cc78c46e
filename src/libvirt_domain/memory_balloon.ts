import { FREE_PAGE_REPORTING_DISABLED_ANNOTATION } from "../api/labels.ts";
import { type DomainInput, type Fragment, virtioModel } from "./configurator.ts";
import { element } from "./xml.ts";

/** Seconds between the guest's memory statistics. */
const STATISTICS_PERIOD_SECONDS = 10;

/** The balloon gives memory statistics, and memory that the guest does not use goes back to the node. */
export function configureMemoryBalloon(input: DomainInput): Fragment {
  const { vmi } = input;
  if (vmi.spec.domain.devices.autoattachMemBalloon === false) {
    return { devices: [element("memballoon", { model: "none" })] };
  }
  const reporting = vmi.metadata.annotations?.[FREE_PAGE_REPORTING_DISABLED_ANNOTATION] !== "true";
  return {
    devices: [element(
      "memballoon",
      { model: virtioModel(input), freePageReporting: reporting ? "on" : "off" },
      element("stats", { period: STATISTICS_PERIOD_SECONDS }),
    )],
  };
}
