/** What the guest boots with, and the identity it finds in its firmware. */
import { z } from "zod";
import { optional } from "./structural.ts";

/** Extra ACPI tables. */
export const ACPI = z.object({
  msdmNameRef: optional(z.string()),
  slicNameRef: optional(z.string()),
});
export type ACPI = z.infer<typeof ACPI>;

/** Boot by BIOS. */
export const BIOS = z.object({
  useSerial: optional(z.boolean()),
});
export type BIOS = z.infer<typeof BIOS>;

/** Boot by UEFI. */
export const EFI = z.object({
  persistent: optional(z.boolean()),
  secureBoot: optional(z.boolean()),
});
export type EFI = z.infer<typeof EFI>;

/** BIOS or UEFI. */
export const Bootloader = z.object({
  bios: optional(BIOS),
  efi: optional(EFI),
});
export type Bootloader = z.infer<typeof Bootloader>;

/** An image that holds a kernel and an initial RAM disk. */
export const KernelBootContainer = z.object({
  image: z.string(),
  imagePullPolicy: optional(z.string()),
  imagePullSecret: optional(z.string()),
  initrdPath: optional(z.string()),
  kernelPath: optional(z.string()),
});
export type KernelBootContainer = z.infer<typeof KernelBootContainer>;

/** Boot a kernel directly, without a bootloader. */
export const KernelBoot = z.object({
  container: optional(KernelBootContainer),
  kernelArgs: optional(z.string()),
});
export type KernelBoot = z.infer<typeof KernelBoot>;

/** What the guest boots with. */
export const Firmware = z.object({
  acpi: optional(ACPI),
  bootloader: optional(Bootloader),
  kernelBoot: optional(KernelBoot),
  serial: optional(z.string()),
  uuid: optional(z.string()),
});
export type Firmware = z.infer<typeof Firmware>;
