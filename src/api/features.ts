/** Features of the virtual machine monitor that the guest sees. */
import * as z from "zod";
import { int32, optional } from "./structural.ts";

/** On or off. */
export const FeatureState = z.object({
  enabled: optional(z.boolean()).describe("Default: true where the feature is named"),
});
export type FeatureState = z.infer<typeof FeatureState>;

/** The interrupt controller. */
export const FeatureAPIC = z.object({
  enabled: optional(z.boolean()).describe("Default: true where the feature is named"),
  endOfInterrupt: optional(z.boolean()).describe("Notify of the end of interrupts. Default: false"),
});
export type FeatureAPIC = z.infer<typeof FeatureAPIC>;

/** How often the guest spins before it gives way. */
export const FeatureSpinlocks = z.object({
  enabled: optional(z.boolean()).describe("Default: true where the feature is named"),
  spinlocks: optional(int32()).describe("Retries, at least 4096. Default: 4096"),
});
export type FeatureSpinlocks = z.infer<typeof FeatureSpinlocks>;

/** Synthetic timers. */
export const SyNICTimer = z.object({
  direct: optional(FeatureState).describe("Expirations go straight to the guest"),
  enabled: optional(z.boolean()).describe("Default: true where the feature is named"),
});
export type SyNICTimer = z.infer<typeof SyNICTimer>;

/** TLB flushes by hypercall. */
export const TLBFlush = z.object({
  direct: optional(FeatureState).describe("Nested guests flush without their hypervisor"),
  enabled: optional(z.boolean()).describe("Default: true where the feature is named"),
  extended: optional(FeatureState).describe("Flush parts only"),
});
export type TLBFlush = z.infer<typeof TLBFlush>;

/** The vendor name that the guest sees. */
export const FeatureVendorID = z.object({
  enabled: optional(z.boolean()).describe("Default: true where the feature is named"),
  vendorid: optional(z.string()).describe("Up to twelve characters"),
});
export type FeatureVendorID = z.infer<typeof FeatureVendorID>;

/** Hyper-V enlightenments, which Windows guests run faster with. */
export const FeatureHyperv = z.object({
  evmcs: optional(FeatureState).describe("Faster nested guests; needs vapic"),
  frequencies: optional(FeatureState).describe("Frequencies of the timestamp counter and the APIC"),
  ipi: optional(FeatureState).describe("Interrupts between processors by hypercall; needs vpindex"),
  reenlightenment: optional(FeatureState).describe(
    "Notify of a changed timestamp counter frequency",
  ),
  relaxed: optional(FeatureState).describe("No watchdog timeouts for lack of CPU time"),
  reset: optional(FeatureState).describe("Reset by hypercall; needs synic"),
  runtime: optional(FeatureState).describe("Accounting of stolen CPU time"),
  spinlocks: optional(FeatureSpinlocks).describe("How often the guest spins before it gives way"),
  synic: optional(FeatureState).describe("Synthetic interrupt controller"),
  synictimer: optional(SyNICTimer).describe("Synthetic timers"),
  tlbflush: optional(TLBFlush).describe("TLB flushes by hypercall; needs vpindex"),
  vapic: optional(FeatureState).describe("Paravirtual interrupt handling"),
  vendorid: optional(FeatureVendorID).describe("Vendor name that the guest sees"),
  vpindex: optional(FeatureState).describe("Index of virtual processors"),
});
export type FeatureHyperv = z.infer<typeof FeatureHyperv>;

/** All enlightenments that the node knows. */
export const HyperVPassthrough = z.object({
  enabled: optional(z.boolean()),
});
export type HyperVPassthrough = z.infer<typeof HyperVPassthrough>;

/** How the guest sees that it runs on KVM. */
export const FeatureKVM = z.object({
  hidden: optional(z.boolean()).describe("Hide KVM from guests that look for it. Default: false"),
});
export type FeatureKVM = z.infer<typeof FeatureKVM>;

/** Features of the virtual machine monitor that the guest sees. */
export const Features = z.object({
  acpi: optional(FeatureState).describe("ACPI. Default: on"),
  apic: optional(FeatureAPIC).describe("Interrupt controller"),
  hyperv: optional(FeatureHyperv).describe("Hyper-V enlightenments, for Windows"),
  hypervPassthrough: optional(HyperVPassthrough).describe(
    "All Hyper-V enlightenments that the node knows; ties the guest to such nodes",
  ),
  kvm: optional(FeatureKVM).describe("How the guest sees that it runs on KVM"),
  pvspinlock: optional(FeatureState).describe("Paravirtual spin locks"),
  smm: optional(FeatureState).describe("System management mode; secure boot needs it"),
});
export type Features = z.infer<typeof Features>;
