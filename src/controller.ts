/**
 * denovirt-controller: webhooks, aggregated API and controllers. It constructs everything and starts it; nothing else reads
 * flags or the environment. Every replica serves and keeps the caches; the controllers run in the one that holds the lease.
 *
 * Its ServiceAccount (kubevirt/denovirt-controller) needs these rules in the cluster:
 *
 *   kubevirt.io                   virtualmachines, virtualmachineinstances,
 *                                 virtualmachineinstancereplicasets,
 *                                 virtualmachineinstancemigrations, kubevirts,
 *                                 their /finalizers and /status         get, list, watch, create, update, patch, delete
 *   pool.kubevirt.io              virtualmachinepools, with both        get, list, watch, create, update, patch, delete
 *   kubevirt.io                   virtualmachineinstancepresets         get, list, watch
 *   migrations.kubevirt.io        migrationpolicies                     get, list, watch
 *   ""                            pods                                  get, list, watch, create, patch, delete
 *   ""                            pods/status                           patch
 *   ""                            nodes                                 get, list, watch, patch
 *   ""                            persistentvolumeclaims, namespaces    get, list, watch
 *   ""                            resourcequotas                        list, watch
 *   ""                            events                                create, patch
 *   instancetype.kubevirt.io      virtualmachineinstancetypes, virtualmachineclusterinstancetypes,
 *                                 virtualmachinepreferences, virtualmachineclusterpreferences   get, list, watch
 *   cdi.kubevirt.io               datavolumes, datasources              get
 *   apps                          controllerrevisions                   get, list, create, delete
 *   authorization.k8s.io          subjectaccessreviews                  create
 *   certificates.k8s.io           certificatesigningrequests            get, list, watch
 *   certificates.k8s.io           certificatesigningrequests/approval, /status     update, patch
 *   certificates.k8s.io           signers "denovirt.io/node-serving"    approve, sign
 *   admissionregistration.k8s.io  mutatingwebhookconfigurations "virt-api-mutator"        get, patch
 *   admissionregistration.k8s.io  validatingwebhookconfigurations "virt-api-validator"    get, patch
 *   apiregistration.k8s.io        apiservices "v1.subresources.kubevirt.io",
 *                                 "v1alpha3.subresources.kubevirt.io"   get, patch
 *
 * in its own namespace:
 *
 *   ""                            secrets, configmaps "kubevirt-ca"     get, create, update, patch
 *   coordination.k8s.io           leases                                get, list, watch, create, update, patch
 *
 * and in kube-system the Role extension-apiserver-authentication-reader.
 */
import denoConfig from "../deno.json" with { type: "json" };
import { Admission, isWebhookPath } from "./admission/admission.ts";
import { createLookups } from "./admission/lookups.ts";
import { sizeLookup } from "./admission/size_lookup.ts";
import { SUBRESOURCES_GROUP, SUBRESOURCES_VERSIONS } from "./api/registry.ts";
import { CSR_FIELD_SELECTOR, CsrSigner } from "./certificates/csr_signer.ts";
import type { CertificateSigningRequest } from "./certificates/csr_signer.ts";
import { CertificateKeeper } from "./certificates/keeper.ts";
import { NODE_SERVICE_ACCOUNT } from "./certificates/node_request_decision.ts";
import { CertificateStore } from "./certificates/store.ts";
import { mintStranger } from "./certificates/stranger.ts";
import { splitBundle } from "./certificates/x509.ts";
import { type ControllerConfig, type ExplainConfig, parseControllerCommand } from "./config.ts";
import { explain } from "./explain/explain.ts";
import type { KubeClient } from "./kube/client.ts";
import { inClusterConnection, kubeconfigConnection } from "./kube/connection.ts";
import { CERTIFICATE_SIGNING_REQUESTS } from "./kube/core_resources.ts";
import { FetchClient } from "./kube/fetch_client.ts";
import { keyOf, parseKey } from "./kube/object.ts";
import { clusterDefaults } from "./resources/cluster_defaults.ts";
import type { ControllerDependencies } from "./resources/controller.ts";
import {
  type ControllerInformers,
  createControllerInformers,
  runInformers,
} from "./resources/informers.ts";
import {
  KNOWN_REVISIONS_MAX,
  type KnownRevisions,
} from "./resources/instancetype/known_revisions.ts";
import { primaryKubeVirt } from "./resources/kubevirt/configuration.ts";
import { createKubeVirtController } from "./resources/kubevirt/controller.ts";
import { createNodeController } from "./resources/node/controller.ts";
import { createVirtualMachineController } from "./resources/virtual_machine/controller.ts";
import { createVirtualMachineInstanceController } from "./resources/virtual_machine_instance/controller.ts";
import { createMigrationController } from "./resources/virtual_machine_instance_migration/controller.ts";
import { createReplicaSetController } from "./resources/virtual_machine_instance_replica_set/controller.ts";
import { createPoolController } from "./resources/virtual_machine_pool/controller.ts";
import { sleep, SYSTEM_CLOCK } from "./runtime/clock.ts";
import { BoundedMap } from "./runtime/bounded_map.ts";
import { Controller } from "./runtime/controller.ts";
import { EventRecorder } from "./runtime/event_recorder.ts";
import { Informer } from "./runtime/informer.ts";
import { LeaderElection, LostLeaseError, TERM_DRAIN_MS } from "./runtime/leader_election.ts";
import { JsonLogger, type Logger, SILENT_LOGGER } from "./runtime/log.ts";
import { MetricsRegistry } from "./runtime/metrics.ts";
import {
  MutualTlsServer,
  type TlsRequest,
  type TlsResponse,
  type TlsTrust,
} from "./runtime/mutual_tls_server.ts";
import { AgentClient } from "./subresources/agent_client.ts";
import { FrontProxySource } from "./subresources/front_proxy_source.ts";
import { SubresourceServer } from "./subresources/server.ts";

const SERVICE = "virt-api";
const SERVICE_ACCOUNT = "denovirt-controller";
const LEASE = "denovirt-controller";
/** Component of the events. */
const COMPONENT = "virtualmachine-controller";
/** virtctl compares major and minor with its own, and warns about others. */
const COMPATIBLE_VERSION = "v1.9.0";
const VERSION = `${COMPATIBLE_VERSION}-denovirt.${denoConfig.version}`;
const START_RETRY_MS = 500;
/** Reading a whole cluster, once. */
const EXPLAIN_TIMEOUT_MS = 60_000;
const INJECTION_TARGETS = {
  mutatingWebhooks: ["virt-api-mutator"],
  validatingWebhooks: ["virt-api-validator"],
  apiServices: SUBRESOURCES_VERSIONS.map((version) => `${version}.${SUBRESOURCES_GROUP}`),
};

/** The composed program; `main` gives it a client and signals. */
export class ControllerProgram {
  readonly #config: ControllerConfig;
  readonly #client: KubeClient;
  readonly #logger: Logger;
  readonly #metrics = new MetricsRegistry();
  /** Kept by every replica, so that the next leader acts at once. */
  readonly #informers: ControllerInformers;
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #frontProxy: FrontProxySource;
  readonly #certificates: CertificateKeeper;
  readonly #knownRevisions: KnownRevisions = new BoundedMap(KNOWN_REVISIONS_MAX);
  readonly #events: EventRecorder;
  #server: MutualTlsServer | undefined;

  constructor(parts: { config: ControllerConfig; client: KubeClient; logger: Logger }) {
    const { config, client, logger } = parts;
    const { namespace } = config;
    this.#config = config;
    this.#client = client;
    this.#logger = logger;
    const shared = { client, logger, metrics: this.#metrics };
    this.#informers = createControllerInformers(shared);
    this.#requests = new Informer({
      ...shared,
      resource: CERTIFICATE_SIGNING_REQUESTS,
      fieldSelector: CSR_FIELD_SELECTOR,
    });
    this.#frontProxy = new FrontProxySource({ ...shared, onChange: () => this.#reload() });
    this.#certificates = new CertificateKeeper({
      ...shared,
      clock: SYSTEM_CLOCK,
      store: new CertificateStore({ client, namespace, now: () => new Date() }),
      service: SERVICE,
      namespace,
      targets: INJECTION_TARGETS,
    });
    this.#events = new EventRecorder({
      ...shared,
      component: COMPONENT,
      instance: config.identity,
    });
  }

  /** Until the signal aborts, or something that cannot be done without fails. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const all = AbortSignal.any([signal, failed.signal]);
    const ended = new AbortController();
    const events = this.#events.run(ended.signal);
    const background = [
      runInformers(this.#informers, all),
      this.#requests.run(all),
      this.#frontProxy.run(all),
    ];
    try {
      await Promise.all([
        this.#frontProxy.ready(all),
        this.#informers.kubevirts.waitForSync(all),
        // What admission goes by: without it presets would be passed over.
        this.#informers.presets.waitForSync(all),
        this.#patiently("making certificates", all, () => this.#certificates.refresh(all)),
      ]);
      const users = await this.#patiently(
        "asking who this is",
        all,
        () => this.#installationUsers(all),
      );
      await using server = this.#createServer(users);
      this.#server = server;
      await server.start();
      this.#logger.info("serving", { port: server.port, version: VERSION });
      await Promise.all([
        this.#certificates.run(all, () => this.#reload()),
        this.#control(all),
      ]);
    } finally {
      failed.abort();
      await Promise.all(background);
      // What the controllers did last is told too.
      ended.abort();
      await events;
    }
  }

  /** At the start too the API server may be away, or busy. */
  async #patiently<T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        this.#logger.warn("starting is held up", { what, error });
        await sleep(SYSTEM_CLOCK, START_RETRY_MS, signal);
      }
    }
  }

  /** Term after term: who loses the lease stands by. */
  async #control(signal: AbortSignal): Promise<void> {
    const election = this.#election();
    while (!signal.aborted) {
      try {
        await election.run((term) => this.#lead(term), signal);
      } catch (error) {
        if (!(error instanceof LostLeaseError)) throw error;
        this.#logger.warn("leading has ended, standing by", { error });
      }
    }
  }

  #createServer(installationUsers: readonly string[]): MutualTlsServer {
    const { port, hostname, unverifiableCallers } = this.#config;
    const shared = {
      cluster: () => clusterDefaults(primaryKubeVirt(this.#informers.kubevirts.list())),
      sizes: sizeLookup({ client: this.#client, informers: this.#informers }),
    };
    const admission = new Admission({
      ...shared,
      installationUsers,
      lookups: createLookups({ client: this.#client, informers: this.#informers }),
      logger: this.#logger,
    });
    const subresources = new SubresourceServer({
      ...shared,
      client: this.#client,
      agents: new AgentClient({
        client: this.#client,
        trust: () => {
          const { client: credential, authorities } = this.#certificates.current;
          return { credential, authorities };
        },
      }),
      frontProxy: () => this.#frontProxy.current,
      version: {
        gitVersion: VERSION,
        gitCommit: "unknown",
        buildDate: "1970-01-01T00:00:00Z",
        platform: `${Deno.build.os}/${Deno.build.arch === "x86_64" ? "amd64" : "arm64"}`,
      },
      logger: this.#logger,
    });
    return new MutualTlsServer({
      hostname,
      port,
      trust: this.#trust(),
      stranger: mintStranger,
      unverifiableCallers,
      isPublic: (method, path) =>
        isWebhookPath(path) || isMetricsPath(path) || subresources.isPublic(method, path),
      handle: (request) => this.#handle(request, { admission, subresources }),
      upgrade: (request) => subresources.upgrade(request),
      onError: (message, error) => this.#logger.warn(message, { error }),
    });
  }

  #handle(
    request: TlsRequest,
    parts: { admission: Admission; subresources: SubresourceServer },
  ): TlsResponse | Promise<TlsResponse> {
    if (isWebhookPath(request.path)) return parts.admission.handle(request);
    if (isMetricsPath(request.path)) {
      const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
      return { status: 200, headers, body: this.#metrics.render() };
    }
    return parts.subresources.handle(request);
  }

  #trust(): TlsTrust {
    const { clientCa, allowedNames } = this.#frontProxy.current;
    return {
      credential: this.#certificates.current.serving,
      clientCas: splitBundle(clientCa),
      allowedCommonNames: allowedNames,
    };
  }

  #reload(): void {
    if (this.#server === undefined) return;
    this.#server.reload(this.#trust());
    this.#logger.info("certificates reloaded");
  }

  /** The accounts of the installation, and whoever this program runs as: on a workstation that is somebody else. */
  async #installationUsers(signal: AbortSignal): Promise<string[]> {
    const { namespace } = this.#config;
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const review = await this.#client.raw("POST", path, { body, signal }) as {
      status?: { userInfo?: { username?: string } };
    };
    const self = review.status?.userInfo?.username;
    return [
      `system:serviceaccount:${namespace}:${SERVICE_ACCOUNT}`,
      `system:serviceaccount:${namespace}:${NODE_SERVICE_ACCOUNT}`,
      ...(self === undefined ? [] : [self]),
    ];
  }

  #election(): LeaderElection {
    const { namespace, identity } = this.#config;
    return new LeaderElection({
      client: this.#client,
      logger: this.#logger,
      metrics: this.#metrics,
      namespace,
      name: LEASE,
      // In a pod the name alone tells processes apart; on one machine the process id does.
      identity: `${identity}_${Deno.pid}`,
    });
  }

  /** One term as leader: controllers are made for it and end with it. */
  async #lead(signal: AbortSignal): Promise<void> {
    const { envelopeImage, namespace } = this.#config;
    const shared = { client: this.#client, logger: this.#logger, metrics: this.#metrics };
    const dependencies: ControllerDependencies = {
      ...shared,
      informers: this.#informers,
      knownRevisions: this.#knownRevisions,
      events: this.#events,
      drainMs: TERM_DRAIN_MS,
    };
    const signer = new Controller({
      ...dependencies,
      reconciler: new CsrSigner({ client: this.#client, namespace, now: () => new Date() }),
    });
    signer.watch(this.#requests, (request) => [keyOf(request)]);
    const controllers = [
      createVirtualMachineController(dependencies),
      createVirtualMachineInstanceController({ ...dependencies, envelopeImage }),
      createReplicaSetController(dependencies),
      createPoolController(dependencies),
      createMigrationController(dependencies),
      createNodeController(dependencies),
      createKubeVirtController({ ...dependencies, namespace, version: VERSION }),
      signer,
    ];
    await Promise.all(controllers.map((controller) => controller.run(signal)));
  }
}

function isMetricsPath(path: string): boolean {
  return path === "/metrics";
}

async function main(): Promise<number> {
  const command = parseControllerCommand({
    args: Deno.args,
    env: Deno.env.toObject(),
    version: VERSION,
    hostname: Deno.hostname(),
  });
  if (command.type === "exit") return command.code;
  if (command.type === "explain") return await explainObject(command.config);
  const { config } = command;
  const logger = new JsonLogger({ level: config.logLevel });
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(name, () => {
      logger.info("stopping", { signal: name });
      stop.abort(new Error(`got ${name}`));
    });
  }
  try {
    using client = new FetchClient({
      connection: await connectionOf(config),
      userAgent: `denovirt-controller/${denoConfig.version}`,
    });
    await new ControllerProgram({ config, client, logger }).run(stop.signal);
    logger.info("stopped");
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    logger.error("cannot go on", { error });
    return 1;
  }
}

/** Prints what there is to say, and answers with the exit code. */
async function explainObject(config: ExplainConfig): Promise<number> {
  const { kind, object, output, namespace, envelopeImage } = config;
  using client = new FetchClient({
    connection: await connectionOf(config),
    userAgent: `denovirt-controller/${denoConfig.version} explain`,
  });
  const outcome = await explain({ kind, key: parseKey(object), output }, {
    client,
    logger: SILENT_LOGGER,
    signal: AbortSignal.timeout(EXPLAIN_TIMEOUT_MS),
    namespace,
    envelopeImage,
    version: VERSION,
  });
  const text = new TextEncoder().encode("text" in outcome ? outcome.text : `${outcome.problem}\n`);
  const stream = "text" in outcome ? Deno.stdout : Deno.stderr;
  await new Blob([text]).stream().pipeTo(stream.writable, { preventClose: true });
  return "text" in outcome ? 0 : 1;
}

async function connectionOf(
  config: Pick<ControllerConfig, "kubeconfig">,
): Promise<Awaited<ReturnType<typeof inClusterConnection>>> {
  if (config.kubeconfig !== undefined) return await kubeconfigConnection(config.kubeconfig);
  const host = Deno.env.get("KUBERNETES_SERVICE_HOST");
  const port = Deno.env.get("KUBERNETES_SERVICE_PORT");
  if (host === undefined || port === undefined) {
    throw new Error(
      "Cannot find the cluster: neither --kubeconfig nor a pod's environment is there",
    );
  }
  return await inClusterConnection({ host, port });
}

if (import.meta.main) Deno.exit(await main());
