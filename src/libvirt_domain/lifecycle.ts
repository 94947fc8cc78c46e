import type { DomainInput, Fragment } from "./configurator.ts";
import { element } from "./xml.ts";

/** What happens to the domain when the guest powers off, reboots or crashes. */
export function configureLifecycle({ vmi }: DomainInput): Fragment {
  const reboot = vmi.spec.domain.rebootPolicy === "Terminate" ? "destroy" : "restart";
  return {
    elements: [
      element("on_poweroff", {}, "destroy"),
      element("on_reboot", {}, reboot),
      element("on_crash", {}, "destroy"),
    ],
  };
}
