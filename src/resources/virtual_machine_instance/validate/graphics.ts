/** Picture and sound. */
import type { GPU } from "../../../api/host_device.ts";
import { type Cause, invalid } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const GRAPHICS_RULES: readonly SpecRule[] = [
  videoWithoutGraphics,
  sound,
  oneRamFb,
];

const SOUND_MODELS: readonly string[] = ["ich9", "ac97"];

function videoWithoutGraphics({ spec, field }: SpecSubject): Cause[] {
  const { video, autoattachGraphicsDevice } = spec.domain.devices;
  if (video === undefined || autoattachGraphicsDevice !== false) return [];
  const message =
    "Video configuration is not allowed when autoattachGraphicsDevice is set to false";
  return [invalid(`${field}.domain.devices.video`, message)];
}

function sound({ spec, field }: SpecSubject): Cause[] {
  const device = spec.domain.devices.sound;
  if (device === undefined) return [];
  const where = `${field}.domain.devices.sound`;
  const causes: Cause[] = [];
  if (device.model && !SOUND_MODELS.includes(device.model)) {
    const message = "Sound device type is not supported. Options: 'ich9' or 'ac97'";
    causes.push(invalid(`${where}.model`, message));
  }
  if (device.name === "") {
    causes.push(invalid(`${where}.name`, "Sound device requires a name field."));
  }
  return causes;
}

function oneRamFb({ spec, field }: SpecSubject): Cause[] {
  const { gpus = [] } = spec.domain.devices;
  if (gpus.filter(isRamFb).length <= 1) return [];
  const message = "configuring multiple displays with ramfb is not valid";
  return [invalid(`${field}.domain.devices.gpus`, message)];
}

/** A display has a frame buffer unless that is switched off. */
function isRamFb({ virtualGPUOptions }: GPU): boolean {
  const display = virtualGPUOptions?.display;
  if (display === undefined || display.enabled === false) return false;
  return display.ramFB === undefined || display.ramFB.enabled === true;
}
