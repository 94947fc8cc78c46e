/** Network interfaces as the guest sees them. What they are connected to are networks of the same name. */
import * as z from "zod";
import { atomicList, int, int32, optional } from "./structural.ts";

/** The guest is bridged to the network and takes over the pod's address. */
export const InterfaceBridge = z.object({});
export type InterfaceBridge = z.infer<typeof InterfaceBridge>;

/** The guest is behind NAT, with an address of its own. */
export const InterfaceMasquerade = z.object({});
export type InterfaceMasquerade = z.infer<typeof InterfaceMasquerade>;

/** The guest is behind passt. */
export const InterfacePasstBinding = z.object({});
export type InterfacePasstBinding = z.infer<typeof InterfacePasstBinding>;

/** The guest gets an SR-IOV virtual function. */
export const InterfaceSRIOV = z.object({});
export type InterfaceSRIOV = z.infer<typeof InterfaceSRIOV>;

/** Removed upstream in v1.3; refused by admission. */
export const DeprecatedInterfaceMacvtap = z.object({});
export type DeprecatedInterfaceMacvtap = z.infer<typeof DeprecatedInterfaceMacvtap>;

/** Removed upstream in v1.3; refused by admission. */
export const DeprecatedInterfacePasst = z.object({});
export type DeprecatedInterfacePasst = z.infer<typeof DeprecatedInterfacePasst>;

/** Removed upstream in v1.3; refused by admission. */
export const DeprecatedInterfaceSlirp = z.object({});
export type DeprecatedInterfaceSlirp = z.infer<typeof DeprecatedInterfaceSlirp>;

/** A binding by plug-in, of those the KubeVirt object names. */
export const PluginBinding = z.object({
  name: z.string().describe("Name of the binding in the KubeVirt object"),
});
export type PluginBinding = z.infer<typeof PluginBinding>;

/** A DHCP option of the private range. */
export const DHCPPrivateOptions = z.object({
  option: int().describe("Number of the option, 224 to 254"),
  value: z.string().describe("Value of the option"),
});
export type DHCPPrivateOptions = z.infer<typeof DHCPPrivateOptions>;

/** More options for the guest's DHCP lease. */
export const DHCPOptions = z.object({
  bootFileName: optional(z.string()).describe("File to boot from the network: option 67"),
  ntpServers: optional(z.array(z.string())).describe("Time servers: option 42"),
  privateOptions: optional(z.array(DHCPPrivateOptions)).describe("Options 224 to 254"),
  tftpServerName: optional(z.string()).describe("Server to boot from: option 66"),
});
export type DHCPOptions = z.infer<typeof DHCPOptions>;

/** A port that reaches the guest. */
export const Port = z.object({
  name: optional(z.string()).describe("Name of the port, unique in the guest"),
  port: int32().describe("Number of the port"),
  protocol: optional(z.string()).describe("TCP or UDP. Default: TCP"),
});
export type Port = z.infer<typeof Port>;

/** A range of ports that reach the guest. */
export const PortRange = z.object({
  end: int32().describe("Last port"),
  protocol: z.string().describe("TCP or UDP"),
  start: int32().describe("First port"),
});
export type PortRange = z.infer<typeof PortRange>;

/** A network interface as the guest sees it. At most one binding; none of them means bridge. */
export const Interface = z.object({
  name: z.string().describe("Name of the interface and its network"),
  acpiIndex: optional(int()).describe("Index by which the guest can name the interface"),
  binding: optional(PluginBinding).describe("A binding by plug-in"),
  bootOrder: optional(int()).describe("Place among the devices to boot from, from 1"),
  bridge: optional(InterfaceBridge).describe(
    "The guest is bridged to the network and takes over the pod's address",
  ),
  dhcpOptions: optional(DHCPOptions).describe("More options for the guest's DHCP lease"),
  macAddress: optional(z.string()).describe("Hardware address, such as 02:00:00:00:00:01"),
  macvtap: optional(DeprecatedInterfaceMacvtap).describe(
    "Removed upstream in v1.3; refused by admission",
  ),
  masquerade: optional(InterfaceMasquerade).describe(
    "The guest is behind NAT, with an address of its own",
  ),
  model: optional(z.string()).describe(
    "virtio, e1000, e1000e, igb, ne2k_pci, pcnet or rtl8139. Default: virtio",
  ),
  passt: optional(DeprecatedInterfacePasst).describe(
    "Removed upstream in v1.3; refused by admission. Use passtBinding",
  ),
  passtBinding: optional(InterfacePasstBinding).describe("The guest is behind passt"),
  pciAddress: optional(z.string()).describe("PCI address inside the guest, such as 0000:81:01.0"),
  portRanges: optional(atomicList(PortRange)).describe(
    "Ranges of ports that reach the guest; not together with ports",
  ),
  ports: optional(z.array(Port)).describe("Ports that reach the guest; absent: all"),
  slirp: optional(DeprecatedInterfaceSlirp).describe(
    "Removed upstream in v1.3; refused by admission",
  ),
  sriov: optional(InterfaceSRIOV).describe("The guest gets an SR-IOV virtual function"),
  state: optional(z.string()).describe("up, down, or absent to unplug it"),
  tag: optional(z.string()).describe("Role of the interface, told to the guest by cloud-init"),
});
export type Interface = z.infer<typeof Interface>;
