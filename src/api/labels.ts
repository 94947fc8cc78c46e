/**
 * The labels, annotations and finalizers that KubeVirt's users, tools and dashboards rely on. Their spelling is part of the
 * API: none is invented here, except where a comment says so.
 */

/** Label of every pod of the system: its value is the component, one of {@link Component}. */
export const APP_LABEL = "kubevirt.io";

/** Values of {@link APP_LABEL}. */
export const Component = {
  Launcher: "virt-launcher",
  Handler: "virt-handler",
  Controller: "virt-controller",
  Api: "virt-api",
} as const;
export type Component = (typeof Component)[keyof typeof Component];

// ---- Finalizers -------------------------------------------------------------------------------------------------------

/** Finalizer on a VM, and on the VMI it owns: the VM controller must see the object before it goes. */
export const VIRTUAL_MACHINE_CONTROLLER_FINALIZER = "kubevirt.io/virtualMachineControllerFinalize";
/** Finalizer on a VMI: held until all its launcher pods have ended. */
export const VIRTUAL_MACHINE_INSTANCE_FINALIZER = "kubevirt.io/foregroundDeleteVirtualMachine";
/** The spelling of {@link VIRTUAL_MACHINE_INSTANCE_FINALIZER} before it had a prefix: accepted, never written. */
export const DEPRECATED_VIRTUAL_MACHINE_INSTANCE_FINALIZER = "foregroundDeleteVirtualMachine";
/** Finalizer on a VirtualMachineInstanceMigration. */
export const VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER = "kubevirt.io/migrationJobFinalize";
/** Finalizer on the KubeVirt object. */
export const KUBEVIRT_FINALIZER = "kubevirt.io/foregroundDeleteKubeVirt";

// ---- Virtual machine instances ----------------------------------------------------------------------------------------

/** Label of a VMI: the node that owns it. Selected on by the node agents. */
export const NODE_NAME_LABEL = "kubevirt.io/nodeName";
/** Label of a VMI: the node it is migrating to. */
export const MIGRATION_TARGET_NODE_NAME_LABEL = "kubevirt.io/migrationTargetNodeName";
/** Label of a VMI whose pod runs an image older than the installed one. */
export const OUTDATED_LAUNCHER_IMAGE_LABEL = "kubevirt.io/outdatedLauncherImage";
/** Label that a preset put on a VMI made from it. */
export const VIRTUAL_MACHINE_PRESET_LABEL = "kubevirt.io/vmPreset";
/** Annotation of a VMI: `metadata.generation` of the VM it was made from. */
export const VM_GENERATION_ANNOTATION = "kubevirt.io/vm-generation";
/** Annotation of a VMI that waits for a migration from another cluster. */
export const CREATE_MIGRATION_TARGET_ANNOTATION = "kubevirt.io/create-migration-target";
/** Annotation of a VMI: opt in to live migration with bridge binding on the pod network. */
export const ALLOW_POD_BRIDGE_NETWORK_LIVE_MIGRATION_ANNOTATION =
  "kubevirt.io/allow-pod-bridge-network-live-migration";
/** Annotation of a VMI: PCI devices go to the root complex rather than behind root ports. */
export const PLACE_PCI_DEVICES_ON_ROOT_COMPLEX_ANNOTATION =
  "kubevirt.io/placePCIDevicesOnRootComplex";
/** Annotation of a VM template: the PCI layout the guest has learned. */
export const PCI_TOPOLOGY_VERSION_ANNOTATION = "kubevirt.io/pci-topology-version";
/** Annotation of a VMI: "false" turns memfd-backed guest memory off. */
export const MEMFD_ANNOTATION = "kubevirt.io/memfd";
/** Annotation of a VMI: libvirt's log filters. */
export const LIBVIRT_LOG_FILTERS_ANNOTATION = "kubevirt.io/libvirt-log-filters";
/** Annotation of a VMI: "true" keeps a failed launcher pod for inspection. */
export const KEEP_LAUNCHER_AFTER_FAILURE_ANNOTATION =
  "kubevirt.io/keep-launcher-alive-after-failure";
/** Annotation of a VMI: Ignition configuration of the guest. */
export const IGNITION_ANNOTATION = "kubevirt.io/ignitiondata";
/** Annotation of a VMI: "true" turns free page reporting off. */
export const FREE_PAGE_REPORTING_DISABLED_ANNOTATION = "kubevirt.io/free-page-reporting-disabled";
/** Annotation of a VMI: JSON list of hook sidecars. */
export const HOOK_SIDECARS_ANNOTATION = "hooks.kubevirt.io/hookSidecars";
/** Annotation of a VMI: manufacturer shown on the guest's base board. */
export const BASE_BOARD_MANUFACTURER_ANNOTATION = "smbios.vm.kubevirt.io/baseBoardManufacturer";

// ---- Virtual machines -------------------------------------------------------------------------------------------------

/** Annotation of a VM: "false" delays its DataVolumes until the first start. */
export const IMMEDIATE_DATA_VOLUME_CREATION_ANNOTATION =
  "kubevirt.io/immediate-data-volume-creation";
/** Annotation of a VM that receives a migration: the run strategy to return to afterwards. */
export const RESTORE_RUN_STRATEGY_ANNOTATION = "kubevirt.io/restore-run-strategy";
/** Label of a VM that belongs to a pool. */
export const VIRTUAL_MACHINE_POOL_LABEL = "kubevirt.io/vmpool";
/** Label of a pool's VM: the revision it was made from. */
export const VIRTUAL_MACHINE_POOL_REVISION_LABEL = "kubevirt.io/vm-pool-revision-name";
/** Annotation of a VM or VMI: newest API version a controller has seen it in. Not copied to pods. */
export const LATEST_OBSERVED_API_VERSION_ANNOTATION = "kubevirt.io/latest-observed-api-version";
/** Annotation of a VM or VMI: the API version it was stored in. Not copied to pods. */
export const STORAGE_OBSERVED_API_VERSION_ANNOTATION = "kubevirt.io/storage-observed-api-version";

// ---- Instancetypes ----------------------------------------------------------------------------------------------------

/** Label of a DataSource, DataVolume or PVC: instancetype that VMs booting from it infer. */
export const DEFAULT_INSTANCETYPE_LABEL = "instancetype.kubevirt.io/default-instancetype";
/** Label beside {@link DEFAULT_INSTANCETYPE_LABEL}: its kind. */
export const DEFAULT_INSTANCETYPE_KIND_LABEL = "instancetype.kubevirt.io/default-instancetype-kind";
/** Label of a DataSource, DataVolume or PVC: preference that VMs booting from it infer. */
export const DEFAULT_PREFERENCE_LABEL = "instancetype.kubevirt.io/default-preference";
/** Label beside {@link DEFAULT_PREFERENCE_LABEL}: its kind. */
export const DEFAULT_PREFERENCE_KIND_LABEL = "instancetype.kubevirt.io/default-preference-kind";
/** Annotation of a VMI: the namespaced instancetype it was made with. */
export const INSTANCETYPE_ANNOTATION = "kubevirt.io/instancetype-name";
/** Annotation of a VMI: the cluster-wide instancetype it was made with. */
export const CLUSTER_INSTANCETYPE_ANNOTATION = "kubevirt.io/cluster-instancetype-name";
/** Annotation of a VMI: the namespaced preference it was made with. */
export const PREFERENCE_ANNOTATION = "kubevirt.io/preference-name";
/** Annotation of a VMI: the cluster-wide preference it was made with. */
export const CLUSTER_PREFERENCE_ANNOTATION = "kubevirt.io/cluster-preference-name";
/** Label of a ControllerRevision of an instancetype or preference: its kind. */
export const REVISION_OBJECT_KIND_LABEL = "instancetype.kubevirt.io/object-kind";
/** Label beside {@link REVISION_OBJECT_KIND_LABEL}: its name. */
export const REVISION_OBJECT_NAME_LABEL = "instancetype.kubevirt.io/object-name";
/** Label beside {@link REVISION_OBJECT_KIND_LABEL}: its UID. */
export const REVISION_OBJECT_UID_LABEL = "instancetype.kubevirt.io/object-uid";
/** Label beside {@link REVISION_OBJECT_KIND_LABEL}: its `metadata.generation`. */
export const REVISION_OBJECT_GENERATION_LABEL = "instancetype.kubevirt.io/object-generation";
/** Label beside {@link REVISION_OBJECT_KIND_LABEL}: the version of its API. */
export const REVISION_OBJECT_VERSION_LABEL = "instancetype.kubevirt.io/object-version";
/** Label of an image source: architecture that VMs booting from it get. */
export const TEMPLATE_ARCHITECTURE_LABEL = "template.kubevirt.io/architecture";

// ---- Launcher pods ----------------------------------------------------------------------------------------------------

/** Label of a launcher pod: UID of its VMI. */
export const CREATED_BY_LABEL = "kubevirt.io/created-by";
/** Annotation of a launcher pod: name of its VMI. */
export const DOMAIN_ANNOTATION = "kubevirt.io/domain";
/** Label of a launcher pod: the guest's host name. */
export const VIRTUAL_MACHINE_NAME_LABEL = "vm.kubevirt.io/name";
/** Label of a launcher pod: VMI name, shortened to a label value. For Services. */
export const VIRTUAL_MACHINE_INSTANCE_ID_LABEL = "vmi.kubevirt.io/id";
/** Annotation of a launcher pod: migration traffic uses unix sockets. */
export const MIGRATION_TRANSPORT_UNIX_ANNOTATION = "kubevirt.io/migrationTransportUnix";
/** Annotation of a launcher pod: memory that is requested beyond the guest's, in bytes. */
export const MEMORY_OVERHEAD_ANNOTATION = "kubevirt.io/memory-overhead-bytes";
/** Annotation of the short-lived pod that makes a WaitForFirstConsumer claim bind. */
export const EPHEMERAL_PROVISIONING_ANNOTATION = "kubevirt.io/ephemeral-provisioning";
/** Readiness gate of a launcher pod: True while the guest runs and is not paused. */
export const UNPAUSED_READINESS_GATE = "kubevirt.io/virtual-machine-unpaused";
/** Label of helper pods: name of the VMI they serve. */
export const OWNER_VMI_NAME_LABEL = "kubevirt.io/owner-vmi-name";
/** Label of helper pods: UID of the VMI they serve. */
export const OWNER_VMI_UID_LABEL = "kubevirt.io/owner-vmi-uid";
/** Label of pods that the network policy lets reach cluster services. */
export const ALLOW_ACCESS_CLUSTER_SERVICES_LABEL = "np.kubevirt.io/allow-access-cluster-services";
/** Annotation of pods, Kubernetes' own: the container that kubectl logs and exec pick. */
export const DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container";

// ---- Migrations -------------------------------------------------------------------------------------------------------

/** Label of a migration's target pod: UID of the migration. */
export const MIGRATION_JOB_UID_LABEL = "kubevirt.io/migrationJobUID";
/** Annotation of a migration's target pod: name of the migration. */
export const MIGRATION_JOB_NAME_ANNOTATION = "kubevirt.io/migrationJobName";
/** Label of a migration: name of its VMI. */
export const VIRTUAL_MACHINE_INSTANCE_NAME_LABEL = "kubevirt.io/vmi-name";
/** Annotation of a migration that was made by an eviction: name of the node to leave. */
export const EVACUATION_MIGRATION_ANNOTATION = "kubevirt.io/evacuationMigration";
/** Annotation of a migration that was made by a workload update. */
export const WORKLOAD_UPDATE_MIGRATION_ANNOTATION = "kubevirt.io/workloadUpdateMigration";

// ---- Nodes ------------------------------------------------------------------------------------------------------------

/** Label of a node: "true" while its agent can start VMs. */
export const NODE_SCHEDULABLE_LABEL = "kubevirt.io/schedulable";
/** Annotation of a node: when its agent was last heard of, RFC 3339. */
export const NODE_HEARTBEAT_ANNOTATION = "kubevirt.io/heartbeat";
/** Taint key of nodes that VMs should leave. */
export const NODE_DRAIN_TAINT = "kubevirt.io/drain";
/** Label of a node with dedicated CPUs. */
export const CPU_MANAGER_LABEL = "kubevirt.io/cpumanager";
/** Label of a node that can run realtime VMs. */
export const REALTIME_LABEL = "kubevirt.io/realtime";
/** Label of a node with AMD SEV. */
export const SEV_LABEL = "kubevirt.io/sev";
/** Label of a node with AMD SEV-ES. */
export const SEV_ES_LABEL = "kubevirt.io/sev-es";
/** Label of a node with AMD SEV-SNP. */
export const SEV_SNP_LABEL = "kubevirt.io/sev-snp";
/** Label of a node with Intel TDX. */
export const TDX_LABEL = "kubevirt.io/tdx";
/** Label of a node with s390x secure execution. */
export const SECURE_EXECUTION_LABEL = "kubevirt.io/s390-pv";
/** Label of a node on which kernel same-page merging was turned on. */
export const KSM_ENABLED_LABEL = "kubevirt.io/ksm-enabled";
/** Prefix of node labels: guest architectures it can run. */
export const VM_ARCHITECTURE_LABEL_PREFIX = "kubevirt.io/vm-arch-";
/** Prefix of node labels: CPU models that guests can have. */
export const CPU_MODEL_LABEL_PREFIX = "cpu-model.node.kubevirt.io/";
/** Prefix of node labels: CPU models that guests can be migrated in with. */
export const CPU_MODEL_MIGRATION_LABEL_PREFIX = "cpu-model-migration.node.kubevirt.io/";
/** Prefix of node labels: CPU features that guests can have. */
export const CPU_FEATURE_LABEL_PREFIX = "cpu-feature.node.kubevirt.io/";
/** Prefix of node labels: the CPU model that host-model means there. */
export const HOST_MODEL_CPU_LABEL_PREFIX = "host-model-cpu.node.kubevirt.io/";
/** Prefix of node labels: features that host-model requires there. */
export const HOST_MODEL_REQUIRED_FEATURES_LABEL_PREFIX =
  "host-model-required-features.node.kubevirt.io/";
/** Prefix of node labels: vendor of the CPU. */
export const CPU_VENDOR_LABEL_PREFIX = "cpu-vendor.node.kubevirt.io/";
/** Prefix of node labels: machine types that guests can have. */
export const MACHINE_TYPE_LABEL_PREFIX = "machine-type.node.kubevirt.io/";
/** Prefix of node labels: Hyper-V enlightenments that guests can have. */
export const HYPERV_LABEL_PREFIX = "hyperv.node.kubevirt.io/";
/** Prefix of node labels: properties of the timestamp counter. */
export const CPU_TIMER_LABEL_PREFIX = "cpu-timer.node.kubevirt.io/";
/** Annotation of a node whose labels nobody shall touch. */
export const LABELLER_SKIP_NODE_ANNOTATION = "node-labeller.kubevirt.io/skip-node";
/** Annotation of a node whose host-model CPU has lost features. */
export const LABELLER_OBSOLETE_HOST_MODEL_ANNOTATION =
  "node-labeller.kubevirt.io/obsolete-host-model";

// ---- Extended resources -----------------------------------------------------------------------------------------------

/** Extended resource of launcher pods: access to /dev/kvm. */
export const KVM_DEVICE_RESOURCE = "devices.kubevirt.io/kvm";
/** Extended resource of launcher pods with network interfaces: access to /dev/net/tun. */
export const TUN_DEVICE_RESOURCE = "devices.kubevirt.io/tun";
/** Extended resource of launcher pods with virtio interfaces: access to /dev/vhost-net. */
export const VHOST_NET_DEVICE_RESOURCE = "devices.kubevirt.io/vhost-net";
/** Extended resource of launcher pods with a vsock: access to /dev/vhost-vsock. */
export const VHOST_VSOCK_DEVICE_RESOURCE = "devices.kubevirt.io/vhost-vsock";
/** Extended resource of launcher pods with AMD SEV. */
export const SEV_DEVICE_RESOURCE = "devices.kubevirt.io/sev";

// ---- Namespaces and installation --------------------------------------------------------------------------------------

/** Label of a namespace: memory limit of launcher pods, as a multiple of the request. */
export const AUTO_MEMORY_LIMITS_RATIO_LABEL = "alpha.kubevirt.io/auto-memory-limits-ratio";
/** Label of installed objects: who manages them. */
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
/** Label of installed objects: part of the system. */
export const COMPONENT_LABEL = "app.kubernetes.io/component";

// ---- denovirt's own ---------------------------------------------------------------------------------------------------

/** Signer of the serving certificates of node agents (a CertificateSigningRequest's signerName). Not KubeVirt's. */
export const NODE_SERVING_SIGNER = "denovirt.io/node-serving";
/** Annotation of a VMI: whom it was handed over to, "<node>/<UID of the launcher pod>". Not KubeVirt's. */
export const OWNER_ANNOTATION = "denovirt.io/owner";
/** Annotation of a VMI: which hand-over it was; a later one has a larger number. Not KubeVirt's. */
export const EPOCH_ANNOTATION = "denovirt.io/epoch";
/** Annotation of a VMI: the ControllerRevision of the instancetype that it was made from. Not KubeVirt's. */
export const INSTANCETYPE_REVISION_ANNOTATION = "denovirt.io/instancetype-revision";
/** Annotation of a VMI: the ControllerRevision of the preference that it was made from. Not KubeVirt's. */
export const PREFERENCE_REVISION_ANNOTATION = "denovirt.io/preference-revision";
