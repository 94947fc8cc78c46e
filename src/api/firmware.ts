/** What the guest boots with, and the identity it finds in its firmware. */
import * as z from "zod";
import { optional } from "./structural.ts";

/** Extra ACPI tables. */
export const ACPI = z.object({
  msdmNameRef: optional(z.string()).describe("Name of the Secret volume that holds table MSDM"),
  slicNameRef: optional(z.string()).describe("Name of the Secret volume that holds table SLIC"),
});
export type ACPI = z.infer<typeof ACPI>;

/** Boot by BIOS. */
export const BIOS = z.object({
  useSerial: optional(z.boolean()).describe("Show the BIOS on the serial console"),
});
export type BIOS = z.infer<typeof BIOS>;

/** Boot by UEFI. */
export const EFI = z.object({
  persistent: optional(z.boolean()).describe(
    "Keep UEFI variables when the guest ends. Default: false",
  ),
  secureBoot: optional(z.boolean()).describe("Boot signed software only; needs SMM. Default: true"),
});
export type EFI = z.infer<typeof EFI>;

/** BIOS or UEFI. */
export const Bootloader = z.object({
  bios: optional(BIOS).describe("Boot by BIOS"),
  efi: optional(EFI).describe("Boot by UEFI"),
});
export type Bootloader = z.infer<typeof Bootloader>;

/** An image that holds a kernel and an initial RAM disk. */
export const KernelBootContainer = z.object({
  image: z.string().describe("Reference of the image"),
  imagePullPolicy: optional(z.string()).describe(
    "Always, IfNotPresent or Never. Default: Always for :latest or no tag, else IfNotPresent",
  ),
  imagePullSecret: optional(z.string()).describe("Secret with credentials for the registry"),
  initrdPath: optional(z.string()).describe("Path of the initial RAM disk inside the image"),
  kernelPath: optional(z.string()).describe("Path of the kernel inside the image"),
});
export type KernelBootContainer = z.infer<typeof KernelBootContainer>;

/** Boot a kernel directly, without a bootloader. */
export const KernelBoot = z.object({
  container: optional(KernelBootContainer).describe("The image that holds the kernel"),
  kernelArgs: optional(z.string()).describe("Command line of the kernel"),
});
export type KernelBoot = z.infer<typeof KernelBoot>;

/** What the guest boots with. */
export const Firmware = z.object({
  acpi: optional(ACPI).describe("Extra ACPI tables"),
  bootloader: optional(Bootloader).describe("BIOS or UEFI. Default: BIOS on amd64"),
  kernelBoot: optional(KernelBoot).describe("Boot a kernel directly, without a bootloader"),
  serial: optional(z.string()).describe("Serial number of the machine"),
  uuid: optional(z.string()).describe("UUID of the machine. Default: made with the VM and kept"),
});
export type Firmware = z.infer<typeof Firmware>;
