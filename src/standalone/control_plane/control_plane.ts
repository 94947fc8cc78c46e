/**
 * What `denovirt-controller` is to a cluster, beside an API server in the same process: controllers, webhooks and the aggregated
 * API. Nodes are looked after by nobody: the only one ends with this process.
 */
import { Admission } from "../../admission/admission.ts";
import { createLookups } from "../../admission/lookups.ts";
import { sizeLookup } from "../../admission/size_lookup.ts";
import type { FetchClient } from "../../kube/fetch_client.ts";
import { clusterDefaults } from "../../resources/cluster_defaults.ts";
import {
  type ControllerInformers,
  createControllerInformers,
  runInformers,
} from "../../resources/informers.ts";
import { primaryKubeVirt } from "../../resources/kubevirt/configuration.ts";
import { createKubeVirtController } from "../../resources/kubevirt/controller.ts";
import { createVirtualMachineController } from "../../resources/virtual_machine/controller.ts";
import { createVirtualMachineInstanceController } from "../../resources/virtual_machine_instance/controller.ts";
import { createMigrationController } from "../../resources/virtual_machine_instance_migration/controller.ts";
import { createReplicaSetController } from "../../resources/virtual_machine_instance_replica_set/controller.ts";
import { createPoolController } from "../../resources/virtual_machine_pool/controller.ts";
import { EventRecorder } from "../../runtime/event_recorder.ts";
import type { Logger } from "../../runtime/log.ts";
import type { MetricsRegistry } from "../../runtime/metrics.ts";
import type { Agents } from "../../subresources/agent_client.ts";
import { SubresourceServer } from "../../subresources/server.ts";
import { IN_PROCESS_FRONT_PROXY } from "./in_process_subresources.ts";

/** Where the installation's own objects are. */
export const INSTALLATION = "kubevirt";
/** What pods name; the local kubelet has it without pulling. */
export const ENVELOPE_IMAGE = "denovirt.local/envelope:standalone";
/** virtctl compares major and minor with its own. */
const COMPATIBLE_VERSION = "v1.9.0";
/** Whom the in-process client speaks as: the installation itself. */
const SYSTEM_USER = "system:apiserver";

export interface ControlPlaneOptions {
  client: FetchClient;
  agents: Agents;
  /** Who tells events, beside the component. */
  instance: string;
  /** Of the program. */
  version: string;
  logger: Logger;
  metrics: MetricsRegistry;
}

export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #informers: ControllerInformers;
  /** For the API server to ask, as long as it serves. */
  readonly admission: Admission;
  readonly subresources: SubresourceServer;

  constructor(options: ControlPlaneOptions) {
    const { agents, client, logger } = options;
    this.#options = options;
    const informers = this.#informers = createControllerInformers({ client, logger });
    const shared = {
      cluster: () => clusterDefaults(primaryKubeVirt(informers.kubevirts.list())),
      sizes: sizeLookup({ client, informers }),
      logger,
    };
    this.admission = new Admission({
      ...shared,
      installationUsers: [SYSTEM_USER],
      lookups: createLookups({ client, informers }),
    });
    this.subresources = new SubresourceServer({
      ...shared,
      client,
      agents,
      frontProxy: () => IN_PROCESS_FRONT_PROXY,
      version: {
        gitVersion: this.#version,
        gitCommit: "unknown",
        buildDate: "1970-01-01T00:00:00Z",
        platform: "linux/amd64",
      },
    });
  }

  /** Keeps what it knows of the API as it is, until the signal aborts. All else needs it. */
  async inform(signal: AbortSignal): Promise<void> {
    await runInformers(this.#informers, signal);
  }

  /** Resolves when it knows what admission goes by: before, settings and presets would be passed over. */
  async informed(signal: AbortSignal): Promise<void> {
    const { kubevirts, presets } = this.#informers;
    await Promise.all([kubevirts, presets].map((informer) => informer.waitForSync(signal)));
  }

  /** Until both signals abort: who makes instances ends first, since who ends them goes on for as long as it takes. */
  async run({ owners, instances }: { owners: AbortSignal; instances: AbortSignal }): Promise<void> {
    const { client, instance, logger, metrics } = this.#options;
    const informers = this.#informers;
    const component = "virtualmachine-controller";
    const events = new EventRecorder({ client, component, instance, logger, metrics });
    const dependencies = { client, logger, metrics, informers, events };
    const controller = createVirtualMachineInstanceController({
      ...dependencies,
      envelopeImage: ENVELOPE_IMAGE,
    });
    const ownersOfInstances = [
      createVirtualMachineController(dependencies),
      createReplicaSetController(dependencies),
      createPoolController(dependencies),
      createMigrationController(dependencies),
      createKubeVirtController({ ...dependencies, version: this.#version }),
    ];
    await Promise.all([
      events.run(instances),
      controller.run(instances),
      ...ownersOfInstances.map((each) => each.run(owners)),
    ]);
  }

  get #version(): string {
    return `${COMPATIBLE_VERSION}-denovirt.${this.#options.version}`;
  }
}
