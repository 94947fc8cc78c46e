/** Network interfaces as the guest sees them. What they are connected to are networks of the same name. */
import { z } from "zod";
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
  name: z.string(),
});
export type PluginBinding = z.infer<typeof PluginBinding>;

/** A DHCP option of the private range. */
export const DHCPPrivateOptions = z.object({
  option: int(),
  value: z.string(),
});
export type DHCPPrivateOptions = z.infer<typeof DHCPPrivateOptions>;

/** More options for the guest's DHCP lease. */
export const DHCPOptions = z.object({
  bootFileName: optional(z.string()),
  ntpServers: optional(z.array(z.string())),
  privateOptions: optional(z.array(DHCPPrivateOptions)),
  tftpServerName: optional(z.string()),
});
export type DHCPOptions = z.infer<typeof DHCPOptions>;

/** A port that reaches the guest. */
export const Port = z.object({
  name: optional(z.string()),
  port: int32(),
  protocol: optional(z.string()),
});
export type Port = z.infer<typeof Port>;

/** A range of ports that reach the guest. */
export const PortRange = z.object({
  end: int32(),
  protocol: z.string(),
  start: int32(),
});
export type PortRange = z.infer<typeof PortRange>;

/** A network interface as the guest sees it. At most one binding; none of them means bridge. */
export const Interface = z.object({
  name: z.string(),
  acpiIndex: optional(int()),
  binding: optional(PluginBinding),
  bootOrder: optional(int()),
  bridge: optional(InterfaceBridge),
  dhcpOptions: optional(DHCPOptions),
  macAddress: optional(z.string()),
  macvtap: optional(DeprecatedInterfaceMacvtap),
  masquerade: optional(InterfaceMasquerade),
  model: optional(z.string()),
  passt: optional(DeprecatedInterfacePasst),
  passtBinding: optional(InterfacePasstBinding),
  pciAddress: optional(z.string()),
  portRanges: optional(atomicList(PortRange)),
  ports: optional(z.array(Port)),
  slirp: optional(DeprecatedInterfaceSlirp),
  sriov: optional(InterfaceSRIOV),
  state: optional(z.string()),
  tag: optional(z.string()),
});
export type Interface = z.infer<typeof Interface>;
