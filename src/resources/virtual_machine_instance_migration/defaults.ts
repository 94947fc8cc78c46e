/** What a migration gets at creation. */
import {
  VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER,
  VIRTUAL_MACHINE_INSTANCE_NAME_LABEL,
} from "../../api/labels.ts";
import type { VirtualMachineInstanceMigration } from "../../api/migration.ts";

const LABEL_VALUE_LENGTH_MAX = 63;

/** With the finalizer, and the label by which the migrations of a guest are found. */
export function defaultMigration(
  migration: VirtualMachineInstanceMigration,
): VirtualMachineInstanceMigration {
  const { metadata, spec: { vmiName = "" } } = migration;
  const { finalizers = [], labels } = metadata;
  const own = VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER;
  const isLabel = vmiName.length <= LABEL_VALUE_LENGTH_MAX;
  return {
    ...migration,
    metadata: {
      ...metadata,
      finalizers: finalizers.includes(own) ? finalizers : [...finalizers, own],
      ...(isLabel && { labels: { ...labels, [VIRTUAL_MACHINE_INSTANCE_NAME_LABEL]: vmiName } }),
    },
  };
}
