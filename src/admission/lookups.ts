/** What webhooks go by beside the review itself. */
import type { VirtualMachineInstanceMigration } from "../api/migration.ts";
import type { VirtualMachineInstancePreset } from "../api/preset.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { KubeClient } from "../kube/client.ts";
import { formatKey, type ObjectKey } from "../kube/object.ts";
import { countWorkloads, type WorkloadInformers } from "../resources/kubevirt/observe.ts";
import { BY_NAMESPACE, BY_VMI_NAME, type ControllerInformers } from "../resources/informers.ts";

export interface AdmissionLookups {
  presetsIn(namespace: string): readonly VirtualMachineInstancePreset[];
  /** As the server has it: one that was made a moment ago is in no cache yet. */
  instance(key: ObjectKey): Promise<VirtualMachineInstance | undefined>;
  /** Those that the cache shows. The controller sees to those that come at the same time. */
  migrationsOf(vmi: ObjectKey): readonly VirtualMachineInstanceMigration[];
  /** How many objects there are that run guests. */
  workloads(): number;
}

export function createLookups(
  { client, informers }: {
    client: KubeClient;
    informers: Pick<ControllerInformers, "presets" | "migrations"> & WorkloadInformers;
  },
): AdmissionLookups {
  return {
    presetsIn: (namespace) => informers.presets.byIndex(BY_NAMESPACE, namespace),
    instance: (key) => client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, key),
    migrationsOf: (vmi) => informers.migrations.byIndex(BY_VMI_NAME, formatKey(vmi)),
    workloads: () => countWorkloads(informers),
  };
}
