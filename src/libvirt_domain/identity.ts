import type { DomainInput, Fragment } from "./configurator.ts";
import { domainName } from "./domain_name.ts";
import { element } from "./xml.ts";

/** Namespace of the element under `<metadata>`: tools that read domains know it. */
const METADATA_NAMESPACE = "http://kubevirt.io";

/** Seconds a guest has to shut down when its spec does not say. */
export const GRACE_PERIOD_SECONDS_DEFAULT = 30;

/** Name, UUID, and who the domain belongs to: enough to recognise it without the API server. */
export function configureIdentity({ vmi }: DomainInput): Fragment {
  const { uid } = vmi.metadata;
  const gracePeriod = vmi.spec.terminationGracePeriodSeconds ?? GRACE_PERIOD_SECONDS_DEFAULT;
  return {
    elements: [
      element("name", {}, domainName(vmi.metadata)),
      element("uuid", {}, vmi.spec.domain.firmware?.uuid ?? uid),
      element(
        "metadata",
        {},
        element(
          "kubevirt",
          { xmlns: METADATA_NAMESPACE },
          element("uid", {}, uid),
          element(
            "graceperiod",
            {},
            element("deletionGracePeriodSeconds", {}, String(gracePeriod)),
          ),
        ),
      ),
    ],
  };
}
