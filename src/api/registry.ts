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
  columns: readonly PrinterColumn[];
}

/** API group of the core kinds. */
export const KUBEVIRT_GROUP = "kubevirt.io";
/** API group of the aggregated subresources: start, stop, console and the like. */
export const SUBRESOURCES_GROUP = "subresources.kubevirt.io";
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

/** The kinds whose definitions are in `crds/`. */
export const CUSTOM_RESOURCES: readonly CustomResource[] = [
  VIRTUAL_MACHINES,
  VIRTUAL_MACHINE_INSTANCES,
  KUBEVIRTS,
];

/** `group/version` of a resource, as in `apiVersion`. */
export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Name of a resource's CustomResourceDefinition. */
export function customResourceName(resource: { plural: string; group: string }): string {
  return `${resource.plural}.${resource.group}`;
}
