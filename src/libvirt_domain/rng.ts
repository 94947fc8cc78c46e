import { type DomainInput, type Fragment, virtioModel } from "./configurator.ts";
import { element } from "./xml.ts";

/** A virtio source of randomness, when asked for. */
export function configureRng(input: DomainInput): Fragment {
  if (input.vmi.spec.domain.devices.rng === undefined) return {};
  const backend = element("backend", { model: "random" }, "/dev/urandom");
  return { devices: [element("rng", { model: virtioModel(input) }, backend)] };
}
