/** Devices of nodes that guests may get. */
import * as z from "zod";
import { atomicList, optional, stringMap } from "./structural.ts";

/** Mediated devices that guests may get. */
export const MediatedHostDevice = z.object({
  externalResourceProvider: optional(z.boolean()).describe("Another device plugin advertises them"),
  mdevNameSelector: z.string().describe("Name of the type"),
  resourceName: z.string().describe("Extended resource under which they are asked for"),
});
export type MediatedHostDevice = z.infer<typeof MediatedHostDevice>;

/** PCI devices that guests may get. */
export const PciHostDevice = z.object({
  externalResourceProvider: optional(z.boolean()).describe("Another device plugin advertises them"),
  pciVendorSelector: z.string().describe("vendor:product, in hexadecimal"),
  resourceName: z.string().describe("Extended resource under which they are asked for"),
});
export type PciHostDevice = z.infer<typeof PciHostDevice>;

/** A model of USB device. */
export const USBSelector = z.object({
  product: z.string().describe("Product number, in hexadecimal"),
  vendor: z.string().describe("Vendor number, in hexadecimal"),
});
export type USBSelector = z.infer<typeof USBSelector>;

/** USB devices that guests may get. */
export const USBHostDevice = z.object({
  externalResourceProvider: optional(z.boolean()).describe("Another device plugin advertises them"),
  resourceName: z.string().describe("Extended resource under which they are asked for"),
  selectors: optional(atomicList(USBSelector)).describe("Models that go together"),
});
export type USBHostDevice = z.infer<typeof USBHostDevice>;

/** Devices of nodes that guests may get. */
export const PermittedHostDevices = z.object({
  mediatedDevices: optional(atomicList(MediatedHostDevice)).describe("Mediated devices"),
  pciHostDevices: optional(atomicList(PciHostDevice)).describe("PCI devices"),
  usb: optional(atomicList(USBHostDevice)).describe("USB devices"),
});
export type PermittedHostDevices = z.infer<typeof PermittedHostDevices>;

/** Mediated devices to make on some nodes. */
export const NodeMediatedDeviceTypesConfig = z.object({
  mediatedDeviceTypes: optional(atomicList(z.string())).describe("Types to make"),
  mediatedDevicesTypes: optional(atomicList(z.string())).describe(
    "Use mediatedDeviceTypes instead",
  ),
  nodeSelector: stringMap().describe("Labels of the nodes"),
});
export type NodeMediatedDeviceTypesConfig = z.infer<typeof NodeMediatedDeviceTypesConfig>;

/** Mediated devices to make on nodes. */
export const MediatedDevicesConfiguration = z.object({
  enabled: optional(z.boolean()).describe("Make and remove mediated devices"),
  mediatedDeviceTypes: optional(atomicList(z.string())).describe("Types to make on all nodes"),
  mediatedDevicesTypes: optional(atomicList(z.string())).describe(
    "Use mediatedDeviceTypes instead",
  ),
  nodeMediatedDeviceTypes: optional(atomicList(NodeMediatedDeviceTypesConfig)).describe(
    "Types to make on some nodes",
  ),
});
export type MediatedDevicesConfiguration = z.infer<typeof MediatedDevicesConfiguration>;
