/**
 * The kinds that are served as custom resources: what URLs are made of, and what `kubectl get` shows. The schemas are joined
 * to these in `generate_crds.ts`, so that importing a resource's name costs no schema.
 */

/** A column of `kubectl get`. */
export interface PrinterColumn {
  name: string;
  type: "string" | "date" | "boolean" | "integer";
  jsonPath: string;
  description?: string;
  /** Above 0: only with `-o wide`. @default 0 */
  priority?: number;
}

/** A version under which a kind is served. */
export interface ServedVersion {
  name: string;
  /** What a client of a deprecated version is told; absent: not deprecated. */
  deprecationWarning?: string;
}

/** A kind and everything of its CustomResourceDefinition but the schema. Usable wherever a `Resource` of kube/ is. */
export interface CustomResource {
  group: string;
  /** The storage version, which is also the one that we talk in. */
  version: string;
  plural: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  shortNames: readonly string[];
  categories: readonly string[];
  /** All served versions; the first is the storage version. */
  versions: readonly ServedVersion[];
  /** Whether `/status` is a subresource. Without it, status is written with the object itself. */
  statusSubresource: boolean;
  /** Whether `/scale` is one too, for `kubectl scale` and autoscalers. @default false */
  scale?: boolean;
  columns: readonly PrinterColumn[];
}

/** API group of the core kinds. */
export const KUBEVIRT_GROUP = "kubevirt.io";
/** API group of the aggregated subresources: start, stop, console and the like. */
export const SUBRESOURCES_GROUP = "subresources.kubevirt.io";
/** API group of sizes and defaults of guests. */
export const INSTANCETYPE_GROUP = "instancetype.kubevirt.io";
/** API group of snapshots and restores. */
export const SNAPSHOT_GROUP = "snapshot.kubevirt.io";
/** API group of backups. */
export const BACKUP_GROUP = "backup.kubevirt.io";
/** Versions in which {@link SUBRESOURCES_GROUP} is served; the first is preferred. */
export const SUBRESOURCES_VERSIONS = ["v1", "v1alpha3"] as const;

const CORE_VERSIONS: readonly ServedVersion[] = [
  { name: "v1" },
  {
    name: "v1alpha3",
    deprecationWarning: "kubevirt.io/v1alpha3 is deprecated; use kubevirt.io/v1",
  },
];

const AGE: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

function conditionColumn(name: string, type: string, priority = 0): PrinterColumn {
  const jsonPath = `.status.conditions[?(@.type=='${type}')].status`;
  return { name, type: "string", jsonPath, ...(priority > 0 && { priority }) };
}

/** A guest as the user wants it: kept, started and stopped. */
export const VIRTUAL_MACHINES: CustomResource = {
  group: KUBEVIRT_GROUP,
  version: "v1",
  plural: "virtualmachines",
  singular: "virtualmachine",
  kind: "VirtualMachine",
  namespaced: true,
  shortNames: ["vm", "vms"],
  categories: ["all"],
  versions: CORE_VERSIONS,
  statusSubresource: true,
  columns: [
    AGE,
    {
      name: "Status",
      type: "string",
      jsonPath: ".status.printableStatus",
      description: "State of the machine in one word",
    },
    conditionColumn("Ready", "Ready"),
  ],
};

/** One run of a guest. Its status has no subresource: whoever may write the object may write it. */
export const VIRTUAL_MACHINE_INSTANCES: CustomResource = {
  group: KUBEVIRT_GROUP,
  version: "v1",
  plural: "virtualmachineinstances",
  singular: "virtualmachineinstance",
  kind: "VirtualMachineInstance",
  namespaced: true,
  shortNames: ["vmi", "vmis"],
  categories: ["all"],
  versions: CORE_VERSIONS,
  statusSubresource: false,
  columns: [
    AGE,
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "IP", type: "string", jsonPath: ".status.interfaces[0].ipAddress" },
    { name: "NodeName", type: "string", jsonPath: ".status.nodeName" },
    conditionColumn("Ready", "Ready"),
    conditionColumn("Live-Migratable", "LiveMigratable", 1),
    conditionColumn("Paused", "Paused", 1),
  ],
};

/** The installation itself: its configuration and state. */
export const KUBEVIRTS: CustomResource = {
  group: KUBEVIRT_GROUP,
  version: "v1",
  plural: "kubevirts",
  singular: "kubevirt",
  kind: "KubeVirt",
  namespaced: true,
  shortNames: ["kv", "kvs"],
  categories: ["all"],
  versions: CORE_VERSIONS,
  statusSubresource: true,
  columns: [AGE, { name: "Phase", type: "string", jsonPath: ".status.phase" }],
};

const SCALE_COLUMNS: readonly PrinterColumn[] = [
  { name: "Desired", type: "integer", jsonPath: ".spec.replicas" },
  { name: "Current", type: "integer", jsonPath: ".status.replicas" },
  { name: "Ready", type: "integer", jsonPath: ".status.readyReplicas" },
  AGE,
];

/** What most kinds have in common. */
const NAMESPACED = {
  namespaced: true,
  categories: ["all"],
  statusSubresource: true,
  columns: [AGE],
} as const;

/** A number of alike, short-lived guests. */
export const VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS: CustomResource = {
  ...NAMESPACED,
  group: KUBEVIRT_GROUP,
  version: "v1",
  plural: "virtualmachineinstancereplicasets",
  singular: "virtualmachineinstancereplicaset",
  kind: "VirtualMachineInstanceReplicaSet",
  shortNames: ["vmirs", "vmirss"],
  versions: CORE_VERSIONS,
  scale: true,
  columns: SCALE_COLUMNS,
};

/** Settings that new guests get by their labels. Upstream stores the older version. */
export const VIRTUAL_MACHINE_INSTANCE_PRESETS: CustomResource = {
  ...NAMESPACED,
  group: KUBEVIRT_GROUP,
  version: "v1alpha3",
  plural: "virtualmachineinstancepresets",
  singular: "virtualmachineinstancepreset",
  kind: "VirtualMachineInstancePreset",
  shortNames: ["vmipreset", "vmipresets"],
  versions: [...CORE_VERSIONS].reverse(),
  statusSubresource: false,
};

/** The wish to move a guest to another node. */
export const VIRTUAL_MACHINE_INSTANCE_MIGRATIONS: CustomResource = {
  ...NAMESPACED,
  group: KUBEVIRT_GROUP,
  version: "v1",
  plural: "virtualmachineinstancemigrations",
  singular: "virtualmachineinstancemigration",
  kind: "VirtualMachineInstanceMigration",
  shortNames: ["vmim", "vmims"],
  versions: CORE_VERSIONS,
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "VMI", type: "string", jsonPath: ".spec.vmiName" },
  ],
};

/** How guests of a certain kind are moved. */
export const MIGRATION_POLICIES: CustomResource = {
  ...NAMESPACED,
  group: "migrations.kubevirt.io",
  version: "v1alpha1",
  plural: "migrationpolicies",
  singular: "migrationpolicy",
  kind: "MigrationPolicy",
  namespaced: false,
  shortNames: [],
  versions: [{ name: "v1alpha1" }],
};

/** A number of alike, named and lasting guests. */
export const VIRTUAL_MACHINE_POOLS: CustomResource = {
  ...NAMESPACED,
  group: "pool.kubevirt.io",
  version: "v1beta1",
  plural: "virtualmachinepools",
  singular: "virtualmachinepool",
  kind: "VirtualMachinePool",
  shortNames: ["vmpool", "vmpools"],
  versions: [{ name: "v1beta1" }, { name: "v1alpha1" }],
  scale: true,
  columns: SCALE_COLUMNS,
};

/** Sizes and defaults have no state. */
const INSTANCETYPE_KIND = {
  ...NAMESPACED,
  group: INSTANCETYPE_GROUP,
  version: "v1beta1",
  versions: [{ name: "v1beta1" }],
  statusSubresource: false,
} as const;

/** A size, for guests of one namespace. */
export const VIRTUAL_MACHINE_INSTANCETYPES: CustomResource = {
  ...INSTANCETYPE_KIND,
  plural: "virtualmachineinstancetypes",
  singular: "virtualmachineinstancetype",
  kind: "VirtualMachineInstancetype",
  shortNames: ["vminstancetype", "vminstancetypes", "vmf", "vmfs"],
};

/** A size, for guests of all namespaces. */
export const VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES: CustomResource = {
  ...INSTANCETYPE_KIND,
  plural: "virtualmachineclusterinstancetypes",
  singular: "virtualmachineclusterinstancetype",
  kind: "VirtualMachineClusterInstancetype",
  namespaced: false,
  shortNames: ["vmclusterinstancetype", "vmclusterinstancetypes", "vmcf", "vmcfs"],
};

/** Defaults, for guests of one namespace. */
export const VIRTUAL_MACHINE_PREFERENCES: CustomResource = {
  ...INSTANCETYPE_KIND,
  plural: "virtualmachinepreferences",
  singular: "virtualmachinepreference",
  kind: "VirtualMachinePreference",
  shortNames: ["vmpref", "vmprefs", "vmp", "vmps"],
};

/** Defaults, for guests of all namespaces. */
export const VIRTUAL_MACHINE_CLUSTER_PREFERENCES: CustomResource = {
  ...INSTANCETYPE_KIND,
  plural: "virtualmachineclusterpreferences",
  singular: "virtualmachineclusterpreference",
  kind: "VirtualMachineClusterPreference",
  namespaced: false,
  shortNames: ["vmcp", "vmcps"],
};

const SNAPSHOT_KIND = {
  ...NAMESPACED,
  group: SNAPSHOT_GROUP,
  version: "v1beta1",
  versions: [{ name: "v1beta1" }, { name: "v1alpha1" }],
} as const;

const SNAPSHOT_RESULT_COLUMNS: readonly PrinterColumn[] = [
  { name: "ReadyToUse", type: "boolean", jsonPath: ".status.readyToUse" },
  { name: "CreationTime", type: "date", jsonPath: ".status.creationTime" },
  { name: "Error", type: "string", jsonPath: ".status.error.message" },
];

const SOURCE_COLUMNS: readonly PrinterColumn[] = [
  { name: "SourceKind", type: "string", jsonPath: ".spec.source.kind" },
  { name: "SourceName", type: "string", jsonPath: ".spec.source.name" },
  { name: "Phase", type: "string", jsonPath: ".status.phase" },
];

/** The wish for a copy of a guest's state. */
export const VIRTUAL_MACHINE_SNAPSHOTS: CustomResource = {
  ...SNAPSHOT_KIND,
  plural: "virtualmachinesnapshots",
  singular: "virtualmachinesnapshot",
  kind: "VirtualMachineSnapshot",
  shortNames: ["vmsnapshot", "vmsnapshots"],
  columns: [...SOURCE_COLUMNS, ...SNAPSHOT_RESULT_COLUMNS],
};

/** What a snapshot holds. */
export const VIRTUAL_MACHINE_SNAPSHOT_CONTENTS: CustomResource = {
  ...SNAPSHOT_KIND,
  plural: "virtualmachinesnapshotcontents",
  singular: "virtualmachinesnapshotcontent",
  kind: "VirtualMachineSnapshotContent",
  shortNames: ["vmsnapshotcontent", "vmsnapshotcontents"],
  columns: SNAPSHOT_RESULT_COLUMNS,
};

/** The wish for a guest as it was. */
export const VIRTUAL_MACHINE_RESTORES: CustomResource = {
  ...SNAPSHOT_KIND,
  plural: "virtualmachinerestores",
  singular: "virtualmachinerestore",
  kind: "VirtualMachineRestore",
  shortNames: ["vmrestore", "vmrestores"],
  columns: [
    { name: "TargetKind", type: "string", jsonPath: ".spec.target.kind" },
    { name: "TargetName", type: "string", jsonPath: ".spec.target.name" },
    { name: "Complete", type: "boolean", jsonPath: ".status.complete" },
    { name: "RestoreTime", type: "date", jsonPath: ".status.restoreTime" },
  ],
};

/** The wish for a copy of a guest. */
export const VIRTUAL_MACHINE_CLONES: CustomResource = {
  ...NAMESPACED,
  group: "clone.kubevirt.io",
  version: "v1beta1",
  plural: "virtualmachineclones",
  singular: "virtualmachineclone",
  kind: "VirtualMachineClone",
  shortNames: ["vmclone", "vmclones"],
  versions: [{ name: "v1beta1" }, { name: "v1alpha1" }],
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "SourceVirtualMachine", type: "string", jsonPath: ".spec.source.name" },
    { name: "TargetVirtualMachine", type: "string", jsonPath: ".spec.target.name" },
  ],
};

/** The wish to have a guest's volumes downloaded. */
export const VIRTUAL_MACHINE_EXPORTS: CustomResource = {
  ...NAMESPACED,
  group: "export.kubevirt.io",
  version: "v1",
  plural: "virtualmachineexports",
  singular: "virtualmachineexport",
  kind: "VirtualMachineExport",
  shortNames: ["vmexport", "vmexports"],
  versions: [
    { name: "v1" },
    {
      name: "v1beta1",
      deprecationWarning: "export.kubevirt.io/v1beta1 is deprecated; use export.kubevirt.io/v1",
    },
  ],
  columns: SOURCE_COLUMNS,
};

const BACKUP_KIND = {
  ...NAMESPACED,
  group: BACKUP_GROUP,
  version: "v1alpha1",
  versions: [{ name: "v1alpha1" }],
} as const;

/** The wish for a backup of a running guest's volumes. */
export const VIRTUAL_MACHINE_BACKUPS: CustomResource = {
  ...BACKUP_KIND,
  plural: "virtualmachinebackups",
  singular: "virtualmachinebackup",
  kind: "VirtualMachineBackup",
  shortNames: ["vmbackup", "vmbackups"],
};

/** The wish to have a guest's changed blocks tracked. */
export const VIRTUAL_MACHINE_BACKUP_TRACKERS: CustomResource = {
  ...BACKUP_KIND,
  plural: "virtualmachinebackuptrackers",
  singular: "virtualmachinebackuptracker",
  kind: "VirtualMachineBackupTracker",
  shortNames: ["vmbackuptracker", "vmbackuptrackers"],
};

/** Hooks by which others extend an installation. */
export const PLUGINS: CustomResource = {
  ...NAMESPACED,
  group: "plugin.kubevirt.io",
  version: "v1alpha1",
  plural: "plugins",
  singular: "plugin",
  kind: "Plugin",
  namespaced: false,
  shortNames: [],
  versions: [{ name: "v1alpha1" }],
};

/** The kinds that an installation serves: those that it acts on. */
export const SERVED_RESOURCES: readonly CustomResource[] = [
  VIRTUAL_MACHINES,
  VIRTUAL_MACHINE_INSTANCES,
  KUBEVIRTS,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINE_INSTANCE_PRESETS,
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  MIGRATION_POLICIES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
];

/** All kinds that there are; their definitions are in `crds/`. */
export const CUSTOM_RESOURCES: readonly CustomResource[] = [
  ...SERVED_RESOURCES,
  VIRTUAL_MACHINE_SNAPSHOTS,
  VIRTUAL_MACHINE_SNAPSHOT_CONTENTS,
  VIRTUAL_MACHINE_RESTORES,
  VIRTUAL_MACHINE_CLONES,
  VIRTUAL_MACHINE_EXPORTS,
  VIRTUAL_MACHINE_BACKUPS,
  VIRTUAL_MACHINE_BACKUP_TRACKERS,
  PLUGINS,
];

/** `group/version` of a resource, as in `apiVersion`. */
export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Name of a resource's CustomResourceDefinition. */
export function customResourceName(resource: { plural: string; group: string }): string {
  return `${resource.plural}.${resource.group}`;
}
