import { type DomainInput, type Fragment, userAlias } from "./configurator.ts";
import { element } from "./xml.ts";

/** The PCI watchdog of PCs: resets the guest unless told otherwise. */
export function configureWatchdog({ vmi }: DomainInput): Fragment {
  const watchdog = vmi.spec.domain.devices.watchdog;
  if (watchdog === undefined) return {};
  if (watchdog.i6300esb === undefined) {
    const message = "only model i6300esb is supported";
    return { refusals: [{ field: "spec.domain.devices.watchdog", message }] };
  }
  const action = watchdog.i6300esb.action || "reset";
  return {
    devices: [element("watchdog", { model: "i6300esb", action }, userAlias(watchdog.name))],
  };
}
