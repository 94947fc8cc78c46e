import type { DomainInput, FirmwareImage, Fragment, Refusal } from "./configurator.ts";
import { element, type XmlElement } from "./xml.ts";

/** Machine of a guest that does not ask for one. */
export const MACHINE_TYPE_DEFAULT = "q35";

/** Where the kernel of `firmware.kernelBoot` is for the domain; below the VM's directory. */
export const KERNEL_PATH = "kernel/vmlinuz";
export const INITRD_PATH = "kernel/initrd";

const EFI_FIELD = "spec.domain.firmware.bootloader.efi";

/** Machine, firmware and, for a direct boot, kernel, initrd and command line. */
export function configureOs(input: DomainInput): Fragment {
  const { firmware, machine } = input.vmi.spec.domain;
  const efi = efiImage(input);
  if ("field" in efi) return { refusals: [efi] };
  return {
    elements: [element(
      "os",
      {},
      element("type", { arch: "x86_64", machine: machine?.type || MACHINE_TYPE_DEFAULT }, "hvm"),
      ...loader(efi.image, efi.secure),
      ...directBoot(input),
      firmware?.bootloader?.bios?.useSerial === true
        ? element("bios", { useserial: "yes" })
        : undefined,
      element("smbios", { mode: "sysinfo" }),
    )],
  };
}

function efiImage(
  { vmi, facts }: DomainInput,
): Refusal | { image: FirmwareImage | undefined; secure: boolean } {
  const efi = vmi.spec.domain.firmware?.bootloader?.efi;
  if (efi === undefined) return { image: undefined, secure: false };
  if (efi.persistent === true) {
    return {
      field: `${EFI_FIELD}.persistent`,
      message: "persistent EFI variables are not supported",
    };
  }
  // Secure boot is what EFI means unless it is turned off, as in KubeVirt.
  const secure = efi.secureBoot !== false;
  const image = secure ? facts.efiSecureBoot : facts.efi;
  if (image === undefined) {
    return {
      field: EFI_FIELD,
      message: `the node has no UEFI firmware ${secure ? "with" : "without"} secure boot`,
    };
  }
  return { image, secure };
}

function loader(image: FirmwareImage | undefined, secure: boolean): XmlElement[] {
  if (image === undefined) return [];
  const attributes = { readonly: "yes", secure: secure ? "yes" : "no", type: "pflash" };
  return [
    element("loader", attributes, image.code),
    element("nvram", { template: image.variables }, "@VMDIR@/nvram.fd"),
  ];
}

function directBoot({ vmi }: DomainInput): XmlElement[] {
  const boot = vmi.spec.domain.firmware?.kernelBoot;
  if (boot?.container === undefined) return [];
  return [
    boot.container.kernelPath ? element("kernel", {}, `@VMDIR@/${KERNEL_PATH}`) : undefined,
    boot.container.initrdPath ? element("initrd", {}, `@VMDIR@/${INITRD_PATH}`) : undefined,
    boot.kernelArgs ? element("cmdline", {}, boot.kernelArgs) : undefined,
  ].filter((part) => part !== undefined);
}
