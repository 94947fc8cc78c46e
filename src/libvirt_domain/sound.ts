import { type DomainInput, type Fragment, userAlias } from "./configurator.ts";
import { element } from "./xml.ts";

const MODELS: readonly string[] = ["ich9", "ac97"];

/** A sound card; what it plays goes nowhere. */
export function configureSound({ vmi }: DomainInput): Fragment {
  const sound = vmi.spec.domain.devices.sound;
  if (sound === undefined) return {};
  const model = sound.model || "ich9";
  if (!MODELS.includes(model)) {
    const message = `model is not supported: got ${model}`;
    return { refusals: [{ field: "spec.domain.devices.sound.model", message }] };
  }
  return { devices: [element("sound", { model }, userAlias(sound.name))] };
}
