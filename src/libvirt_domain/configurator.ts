/**
 * What a domain is made from and what one configurator contributes. Each device has a configurator in a file of its own;
 * `render_domain.ts` holds the ordered list of them. Nothing here reads the node: what is known of it comes in as facts.
 */
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { XmlElement } from "./xml.ts";

/** Where the bytes of a volume are, as QEMU sees them. */
export interface DiskSource {
  /** Absolute, usually starting with `@VMDIR@`. */
  path: string;
  /** Never autodetected by QEMU: a guest could write another format's header into a raw image. */
  format: "raw" | "qcow2" | `@FORMAT:${string}@`;
  /** Under a copy-on-write overlay: the image that is only read. */
  backing?: { path: string; format: "raw" | "qcow2" | `@FORMAT:${string}@` };
  /** The source cannot be written, whatever the disk says. */
  readOnly?: boolean;
}

/** The pod's side of a guest interface. */
export interface InterfaceSource {
  /** Name of a tap device that exists in the pod's network namespace. */
  tap: string;
  macAddress: string;
  mtu: number;
}

/** A pair of firmware images of the node. */
export interface FirmwareImage {
  code: string;
  variables: string;
}

export interface DomainFacts {
  /** True: TCG. False: KVM. */
  emulated: boolean;
  /** By volume name. */
  disks: Readonly<Record<string, DiskSource>>;
  /** By interface name. */
  interfaces: Readonly<Record<string, InterfaceSource>>;
  /** Absent: the node has no UEFI firmware. */
  efi?: FirmwareImage;
  /** Absent: the node has no UEFI firmware with enrolled secure-boot keys. */
  efiSecureBoot?: FirmwareImage;
}

export interface DomainInput {
  vmi: VirtualMachineInstance;
  facts: DomainFacts;
}

/** A field that was asked for and is not acted on: the guest would see something else than its owner wrote. */
export interface Refusal {
  /** As in admission: `spec.domain.devices.disks[0].lun`. */
  field: string;
  message: string;
}

/** What one configurator adds to the domain. */
export interface Fragment {
  /** Children of `<domain>`. */
  elements?: readonly XmlElement[];
  /** Children of `<devices>`. */
  devices?: readonly XmlElement[];
  /** Children of `<features>`. */
  features?: readonly XmlElement[];
  refusals?: readonly Refusal[];
}

export type Configurator = (input: DomainInput) => Fragment;

/** libvirt's alias of a device that the user named: findable in events and in the monitor. */
export function userAlias(
  name: string,
): { name: string; attributes: { name: string }; children: [] } {
  return { name: "alias", attributes: { name: `ua-${name}` }, children: [] };
}

/** `<boot order=…/>` when the user gave one. */
export function bootOrder(order: number | undefined): XmlElement | undefined {
  return order === undefined
    ? undefined
    : { name: "boot", attributes: { order: String(order) }, children: [] };
}

/** The model of virtio devices: PCI without the legacy interface, unless the guest is too old for that. */
export function virtioModel({ vmi }: DomainInput): string {
  return vmi.spec.domain.devices.useVirtioTransitional === true
    ? "virtio-transitional"
    : "virtio-non-transitional";
}
