import type { DomainInput, Fragment } from "./configurator.ts";
import { guestMemoryBytes } from "./guest_memory.ts";
import { element } from "./xml.ts";

const KIB = 1024;

/** Guest memory, rounded up to whole KiB as libvirt counts it. */
export function configureMemory({ vmi }: DomainInput): Fragment {
  const bytes = guestMemoryBytes(vmi);
  if (bytes === undefined) {
    return {
      refusals: [{
        field: "spec.domain.memory.guest",
        message: "guest memory is not stated, neither here nor in resources.requests",
      }],
    };
  }
  return { elements: [element("memory", { unit: "KiB" }, String(Math.ceil(bytes / KIB)))] };
}
