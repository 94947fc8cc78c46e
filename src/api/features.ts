/** Features of the virtual machine monitor that the guest sees. */
import { z } from "zod";
import { int32, optional } from "./structural.ts";

/** On or off. */
export const FeatureState = z.object({
  enabled: optional(z.boolean()),
});
export type FeatureState = z.infer<typeof FeatureState>;

/** The interrupt controller. */
export const FeatureAPIC = z.object({
  enabled: optional(z.boolean()),
  endOfInterrupt: optional(z.boolean()),
});
export type FeatureAPIC = z.infer<typeof FeatureAPIC>;

/** How often the guest spins before it gives way. */
export const FeatureSpinlocks = z.object({
  enabled: optional(z.boolean()),
  spinlocks: optional(int32()),
});
export type FeatureSpinlocks = z.infer<typeof FeatureSpinlocks>;

/** Synthetic timers. */
export const SyNICTimer = z.object({
  direct: optional(FeatureState),
  enabled: optional(z.boolean()),
});
export type SyNICTimer = z.infer<typeof SyNICTimer>;

/** TLB flushes by hypercall. */
export const TLBFlush = z.object({
  direct: optional(FeatureState),
  enabled: optional(z.boolean()),
  extended: optional(FeatureState),
});
export type TLBFlush = z.infer<typeof TLBFlush>;

/** The vendor name that the guest sees. */
export const FeatureVendorID = z.object({
  enabled: optional(z.boolean()),
  vendorid: optional(z.string()),
});
export type FeatureVendorID = z.infer<typeof FeatureVendorID>;

/** Hyper-V enlightenments, which Windows guests run faster with. */
export const FeatureHyperv = z.object({
  evmcs: optional(FeatureState),
  frequencies: optional(FeatureState),
  ipi: optional(FeatureState),
  reenlightenment: optional(FeatureState),
  relaxed: optional(FeatureState),
  reset: optional(FeatureState),
  runtime: optional(FeatureState),
  spinlocks: optional(FeatureSpinlocks),
  synic: optional(FeatureState),
  synictimer: optional(SyNICTimer),
  tlbflush: optional(TLBFlush),
  vapic: optional(FeatureState),
  vendorid: optional(FeatureVendorID),
  vpindex: optional(FeatureState),
});
export type FeatureHyperv = z.infer<typeof FeatureHyperv>;

/** All enlightenments that the node knows. */
export const HyperVPassthrough = z.object({
  enabled: optional(z.boolean()),
});
export type HyperVPassthrough = z.infer<typeof HyperVPassthrough>;

/** How the guest sees that it runs on KVM. */
export const FeatureKVM = z.object({
  hidden: optional(z.boolean()),
});
export type FeatureKVM = z.infer<typeof FeatureKVM>;

/** Features of the virtual machine monitor that the guest sees. */
export const Features = z.object({
  acpi: optional(FeatureState),
  apic: optional(FeatureAPIC),
  hyperv: optional(FeatureHyperv),
  hypervPassthrough: optional(HyperVPassthrough),
  kvm: optional(FeatureKVM),
  pvspinlock: optional(FeatureState),
  smm: optional(FeatureState),
});
export type Features = z.infer<typeof Features>;
