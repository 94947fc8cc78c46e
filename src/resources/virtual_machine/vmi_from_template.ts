/** The instance that a VM starts: its template, with its size where that is kept elsewhere, its name, and where it came from. */
import { VM_GENERATION_ANNOTATION } from "../../api/labels.ts";
import { StartStrategy } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { NewObject } from "../core_objects.ts";
import type { Draft } from "../instancetype/size.ts";
import { controllerReference } from "../owner_reference.ts";
import { legacyFirmwareUuid } from "./firmware_uuid.ts";
import { TEMPLATE_HASH_ANNOTATION, templateHash } from "./template_hash.ts";

/**
 * Named as the VM, so a second create cannot make a second instance. No finalizer of the VM controller: an instance that has
 * ended cannot go before its own finalizer goes, and that is taken by the controller beside this one.
 */
export function vmiFromTemplate(
  vm: VirtualMachine,
  options: { paused: boolean; sized?: Draft | undefined },
): NewObject<VirtualMachineInstance> {
  const { metadata } = vm.spec.template;
  const { spec, annotations } = options.sized ?? {
    spec: vm.spec.template.spec ?? { domain: { devices: {} } },
    annotations: metadata?.annotations,
  };
  const { domain } = spec;
  return {
    apiVersion: vm.apiVersion,
    kind: "VirtualMachineInstance",
    metadata: {
      name: vm.metadata.name,
      ...(vm.metadata.namespace !== undefined && { namespace: vm.metadata.namespace }),
      ...(metadata?.labels !== undefined && { labels: metadata.labels }),
      annotations: {
        ...annotations,
        [VM_GENERATION_ANNOTATION]: String(vm.metadata.generation ?? 1),
        [TEMPLATE_HASH_ANNOTATION]: templateHash(vm),
      },
      ownerReferences: [controllerReference(vm)],
    },
    spec: {
      ...spec,
      domain: {
        ...domain,
        firmware: {
          ...domain.firmware,
          uuid: domain.firmware?.uuid ?? legacyFirmwareUuid(vm.metadata.name),
        },
      },
      ...(options.paused && { startStrategy: StartStrategy.Paused }),
    },
  };
}
