/** Machine and firmware. */
import { type Cause, invalid, notSupported, required } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { validateImagePath } from "./image_path.ts";

export const FIRMWARE_RULES: readonly SpecRule[] = [
  architectures,
  machineTypes,
  uuids,
  serials,
  oneBootloader,
  secureBoot,
  acpiTables,
  kernelBootImage,
  kernelBootPaths,
  kernelArguments,
];

const ARCHITECTURES: readonly string[] = ["amd64", "arm64", "s390x"];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const SERIAL = /^[A-Za-z0-9_.+-]+$/;
const SERIAL_LENGTH_MAX = 256;

function architectures({ spec, field }: SpecSubject): Cause[] {
  const { architecture } = spec;
  if (!architecture || ARCHITECTURES.includes(architecture)) return [];
  return [notSupported(`${field}.architecture`, `unsupported architecture: ${architecture}`)];
}

function machineTypes({ spec, field, cluster }: SpecSubject): Cause[] {
  const type = spec.domain.machine?.type;
  const allowed = cluster.emulatedMachines[spec.architecture ?? ""];
  if (!type || allowed === undefined || allowed.some((glob) => matches(glob, type))) return [];
  const where = `${field}.domain.machine.type`;
  const message = `${where} is not supported: ${type} (allowed values: ${allowed.join(", ")})`;
  return [notSupported(where, message)];
}

function matches(glob: string, text: string): boolean {
  return glob.endsWith("*") ? text.startsWith(glob.slice(0, -1)) : glob === text;
}

function uuids({ spec, field }: SpecSubject): Cause[] {
  const uuid = spec.domain.firmware?.uuid;
  if (!uuid || UUID.test(uuid)) return [];
  const where = `${field}.domain.firmware.uuid`;
  return [invalid(where, `${where} must be a UUID: got ${JSON.stringify(uuid)}`)];
}

function serials({ spec, field }: SpecSubject): Cause[] {
  const serial = spec.domain.firmware?.serial;
  if (!serial) return [];
  const where = `${field}.domain.firmware.serial`;
  if (serial.length > SERIAL_LENGTH_MAX) {
    return [
      invalid(
        where,
        `${where} must be less than or equal to ${SERIAL_LENGTH_MAX} in length, if specified`,
      ),
    ];
  }
  if (SERIAL.test(serial)) return [];
  const message =
    `${where} must be made up of the following characters [A-Za-z0-9_.+-], if specified`;
  return [invalid(where, message)];
}

function oneBootloader({ spec, field }: SpecSubject): Cause[] {
  const { efi, bios } = spec.domain.firmware?.bootloader ?? {};
  if (efi === undefined || bios === undefined) return [];
  const where = `${field}.domain.firmware.bootloader`;
  const message = `${where} has both EFI and BIOS configured, but they are mutually exclusive.`;
  return [invalid(`${where}.efi`, message)];
}

function secureBoot({ spec, field }: SpecSubject): Cause[] {
  const efi = spec.domain.firmware?.bootloader?.efi;
  // Secure boot is the default of EFI.
  if (efi === undefined || efi.secureBoot === false) return [];
  const smm = spec.domain.features?.smm;
  if (smm !== undefined && smm.enabled !== false) return [];
  const where = `${field}.domain.features`;
  const message = `${field}.domain.firmware.bootloader.efi has EFI SecureBoot enabled. ` +
    "SecureBoot requires SMM, which is currently disabled.";
  return [invalid(where, message)];
}

/** Tables come from Secrets, by the name of their volume. */
function acpiTables({ spec, field }: SpecSubject): Cause[] {
  const acpi = spec.domain.firmware?.acpi;
  if (acpi === undefined) return [];
  const where = `${field}.domain.firmware.acpi`;
  if (!acpi.slicNameRef && !acpi.msdmNameRef) {
    return [invalid(where, "ACPI was set but no SLIC nor MSDM volume reference was set")];
  }
  return (["slicNameRef", "msdmNameRef"] as const).flatMap((name) => {
    if (!acpi[name]) return [];
    const volume = spec.volumes?.find((one) => one.name === acpi[name]);
    if (volume?.secret !== undefined) return [];
    const message = volume === undefined
      ? `${where} does not have a matching Volume.`
      : `${where} refers to Volume of unsupported type.`;
    return [invalid(`${where}.${name}`, message)];
  });
}

function kernelBootImage({ spec, field }: SpecSubject): Cause[] {
  const container = spec.domain.firmware?.kernelBoot?.container;
  if (container === undefined || container.image !== "") return [];
  const where = `${field}.domain.firmware.kernelBoot.container.image`;
  return [
    required(where, `${field}.domain.firmware.kernelBoot.container must be defined with an image`),
  ];
}

function kernelBootPaths({ spec, field }: SpecSubject): Cause[] {
  const container = spec.domain.firmware?.kernelBoot?.container;
  if (container === undefined) return [];
  const where = `${field}.domain.firmware.kernelBoot.container`;
  if (!container.kernelPath && !container.initrdPath) {
    return [
      required(
        where,
        `${where} must be defined with at least one of the following: kernelPath, initrdPath`,
      ),
    ];
  }
  return [
    ...validateImagePath(container.kernelPath, `${where}.kernelPath`),
    ...validateImagePath(container.initrdPath, `${where}.initrdPath`),
  ];
}

function kernelArguments({ spec, field }: SpecSubject): Cause[] {
  const kernelBoot = spec.domain.firmware?.kernelBoot;
  if (!kernelBoot?.kernelArgs || kernelBoot.container?.kernelPath) return [];
  const where = `${field}.domain.firmware.kernelBoot.kernelArgs`;
  return [invalid(where, "kernel arguments cannot be provided without an external kernel")];
}
