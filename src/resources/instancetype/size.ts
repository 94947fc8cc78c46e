/** What a VM's matchers lead to, and what an instancetype and a preference are applied to. */
import type { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";

export interface Size {
  instancetype?: VirtualMachineInstancetypeSpec | undefined;
  preference?: VirtualMachinePreferenceSpec | undefined;
}

/** Changed in place by every rule. */
export interface Draft {
  spec: VirtualMachineInstanceSpec;
  annotations: Record<string, string>;
}
