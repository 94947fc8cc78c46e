/** Devices of nodes that guests may get. */
import { z } from "zod";
import { atomicList, optional, stringMap } from "./structural.ts";

/** Mediated devices that guests may get. */
export const MediatedHostDevice = z.object({
  externalResourceProvider: optional(z.boolean()),
  mdevNameSelector: z.string(),
  resourceName: z.string(),
});
export type MediatedHostDevice = z.infer<typeof MediatedHostDevice>;

/** PCI devices that guests may get. */
export const PciHostDevice = z.object({
  externalResourceProvider: optional(z.boolean()),
  pciVendorSelector: z.string(),
  resourceName: z.string(),
});
export type PciHostDevice = z.infer<typeof PciHostDevice>;

/** A model of USB device. */
export const USBSelector = z.object({
  product: z.string(),
  vendor: z.string(),
});
export type USBSelector = z.infer<typeof USBSelector>;

/** USB devices that guests may get. */
export const USBHostDevice = z.object({
  externalResourceProvider: optional(z.boolean()),
  resourceName: z.string(),
  selectors: optional(atomicList(USBSelector)),
});
export type USBHostDevice = z.infer<typeof USBHostDevice>;

/** Devices of nodes that guests may get. */
export const PermittedHostDevices = z.object({
  mediatedDevices: optional(atomicList(MediatedHostDevice)),
  pciHostDevices: optional(atomicList(PciHostDevice)),
  usb: optional(atomicList(USBHostDevice)),
});
export type PermittedHostDevices = z.infer<typeof PermittedHostDevices>;

/** Mediated devices to make on some nodes. */
export const NodeMediatedDeviceTypesConfig = z.object({
  mediatedDeviceTypes: optional(atomicList(z.string())),
  mediatedDevicesTypes: optional(atomicList(z.string())),
  nodeSelector: stringMap(),
});
export type NodeMediatedDeviceTypesConfig = z.infer<typeof NodeMediatedDeviceTypesConfig>;

/** Mediated devices to make on nodes. */
export const MediatedDevicesConfiguration = z.object({
  enabled: optional(z.boolean()),
  mediatedDeviceTypes: optional(atomicList(z.string())),
  mediatedDevicesTypes: optional(atomicList(z.string())),
  nodeMediatedDeviceTypes: optional(atomicList(NodeMediatedDeviceTypesConfig)),
});
export type MediatedDevicesConfiguration = z.infer<typeof MediatedDevicesConfiguration>;
