import {
  KVM_DEVICE_RESOURCE,
  TUN_DEVICE_RESOURCE,
  VHOST_NET_DEVICE_RESOURCE,
} from "../../api/labels.ts";

/** A device that any number of guests can use at the same time. */
export interface NodeDevice {
  resource: string;
  path: string;
  /** Asked when the device has come; answers why it is of no use all the same. */
  prove?: () => Promise<string | undefined>;
}

/** What guests need of a node. */
export function guestDevices(
  options: { proveKvm: () => Promise<string | undefined> },
): NodeDevice[] {
  return [
    { resource: KVM_DEVICE_RESOURCE, path: "/dev/kvm", prove: options.proveKvm },
    { resource: TUN_DEVICE_RESOURCE, path: "/dev/net/tun" },
    { resource: VHOST_NET_DEVICE_RESOURCE, path: "/dev/vhost-net" },
  ];
}

/** Why guests cannot be run with KVM; `undefined`: they can. */
export async function whyNoKvm(
  native: { probeKvm(): Promise<{ usable: boolean; why?: string }> },
): Promise<string | undefined> {
  const { usable, why } = await native.probeKvm();
  return usable ? undefined : why ?? "KVM is not usable";
}

/** Remembers that a device was proved, until it goes. */
export class NodeDeviceProbe {
  readonly #device: NodeDevice;
  #proved = false;

  constructor(device: NodeDevice) {
    this.#device = device;
  }

  /** Why the device cannot be used now; `undefined`: it can. */
  async look(): Promise<string | undefined> {
    const { path, prove } = this.#device;
    try {
      // Loads the driver where that is still to be done.
      const file = await Deno.open(path, { read: true, write: true });
      file.close();
      const why = this.#proved ? undefined : await prove?.();
      this.#proved = why === undefined;
      return why;
    } catch (error) {
      this.#proved = false;
      return `${path} does not open: ${error instanceof Error ? error.message : error}`;
    }
  }
}
