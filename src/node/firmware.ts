import type { FirmwareImage } from "../libvirt_domain/configurator.ts";

export interface Firmware {
  efi?: FirmwareImage;
  efiSecureBoot?: FirmwareImage;
}

/** Where Debian's package ovmf puts its images. */
const EFI: FirmwareImage = {
  code: "/usr/share/OVMF/OVMF_CODE_4M.fd",
  variables: "/usr/share/OVMF/OVMF_VARS_4M.fd",
};
const EFI_SECURE_BOOT: FirmwareImage = {
  code: "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
  variables: "/usr/share/OVMF/OVMF_VARS_4M.ms.fd",
};

/** The UEFI firmware that is installed on the node. */
export async function findFirmware(): Promise<Firmware> {
  const [efi, efiSecureBoot] = await Promise.all([isThere(EFI), isThere(EFI_SECURE_BOOT)]);
  return {
    ...(efi ? { efi: EFI } : {}),
    ...(efiSecureBoot ? { efiSecureBoot: EFI_SECURE_BOOT } : {}),
  };
}

async function isThere({ code, variables }: FirmwareImage): Promise<boolean> {
  try {
    await Promise.all([Deno.stat(code), Deno.stat(variables)]);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
