/** Network and other devices that a VMI gets when it does not say otherwise. */
import type { Interface } from "../../api/interface.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { DefaultsContext, SpecDefault } from "./defaults.ts";

export const DEVICE_DEFAULTS: readonly SpecDefault[] = [podInterface, inputBuses, watchdogAction];

const DEFAULT_NETWORK = "default";

export function podInterface(
  draft: VirtualMachineInstanceSpec,
  { cluster }: Pick<DefaultsContext, "cluster">,
): void {
  const { devices } = draft.domain;
  if (devices.autoattachPodInterface === false) return;
  if ((devices.interfaces ?? []).length > 0 || (draft.networks ?? []).length > 0) return;
  devices.interfaces = [defaultInterface(cluster.networkInterface)];
  draft.networks = [{ name: DEFAULT_NETWORK, pod: {} }];
}

function defaultInterface(binding: string): Interface {
  return binding === "masquerade"
    ? { name: DEFAULT_NETWORK, masquerade: {} }
    : { name: DEFAULT_NETWORK, bridge: {} };
}

function inputBuses(draft: VirtualMachineInstanceSpec): void {
  for (const input of draft.domain.devices.inputs ?? []) {
    if (input.type === "tablet") input.bus ||= "usb";
  }
}

function watchdogAction(draft: VirtualMachineInstanceSpec): void {
  const watchdog = draft.domain.devices.watchdog;
  if (watchdog?.i6300esb !== undefined) watchdog.i6300esb.action ||= "reset";
  if (watchdog?.diag288 !== undefined) watchdog.diag288.action ||= "reset";
}
