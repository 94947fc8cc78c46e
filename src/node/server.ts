/**
 * What the control plane asks of this node: verbs and consoles of the guests that run here. Callers are known by client
 * certificate; see mutual_tls_server.ts.
 */
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { Logger } from "../runtime/log.ts";
import type { TlsRequest, TlsResponse, UpgradeDecision } from "../runtime/mutual_tls_server.ts";
import type { ConsoleSessions } from "./console_sessions.ts";

/** Who may call: the control plane's client certificate. */
export const API_COMMON_NAME = "kubevirt.io:virt-api";

const CONSOLE_PROTOCOL = "plain.kubevirt.io";
const PATH =
  /^\/v1\/namespaces\/([a-z0-9.-]{1,253})\/virtualmachineinstances\/([a-z0-9.-]{1,253})\/([a-z]+)$/;

export interface NodeServerOptions {
  hypervisor: Hypervisor;
  consoles: ConsoleSessions;
  find: (key: ObjectKey) => VirtualMachineInstance | undefined;
  /** Whether {@link find} knows all of this node's. */
  isInformed: () => boolean;
  /** Asks for a pass over this VMI: its status follows what was done. */
  enqueue: (key: ObjectKey) => void;
  log: Logger;
}

/** Paths that need no certificate. */
export function isPublic(method: string, path: string): boolean {
  return method === "GET" && path === "/healthz";
}

export class NodeServer {
  readonly #options: NodeServerOptions;

  constructor(options: NodeServerOptions) {
    this.#options = options;
  }

  async handle(request: TlsRequest): Promise<TlsResponse> {
    if (isPublic(request.method, request.path)) return { status: 200, body: "ok" };
    const { key, verb } = parsePath(request.path) ?? {};
    if (key === undefined || (verb !== "pause" && verb !== "unpause")) {
      return failure(404, "NotFound", `no such path: ${request.path}`);
    }
    if (request.method !== "PUT") {
      return failure(405, "MethodNotAllowed", `must be PUT: got ${request.method}`);
    }
    const vmi = this.#options.find(key);
    if (vmi === undefined) return this.#notFound(key);
    return await this.#setPaused(vmi, { key, verb, signal: request.signal });
  }

  upgrade(request: TlsRequest): UpgradeDecision {
    const target = parsePath(request.path);
    if (target?.verb !== "console" || request.method !== "GET") {
      return { refuse: failure(404, "NotFound", `no such path: ${request.path}`) };
    }
    const vmi = this.#options.find(target.key);
    if (vmi === undefined) return { refuse: this.#notFound(target.key) };
    if (vmi.status?.phase !== "Running") {
      return { refuse: failure(400, "BadRequest", "VMI is not running") };
    }
    if (vmi.spec.domain.devices.autoattachSerialConsole === false) {
      return { refuse: failure(400, "BadRequest", "No serial consoles are present.") };
    }
    const { uid } = vmi.metadata;
    return {
      ...(offers(request, CONSOLE_PROTOCOL) ? { protocol: CONSOLE_PROTOCOL } : {}),
      accept: (socket, signal) => this.#options.consoles.serve(uid, socket, signal),
    };
  }

  /** What is not known yet may be here. */
  #notFound({ namespace, name }: ObjectKey): TlsResponse {
    const what = `virtualmachineinstance ${namespace}/${name}`;
    return this.#options.isInformed()
      ? failure(404, "NotFound", `${what} is not on this node`)
      : failure(503, "ServiceUnavailable", `${what} is not known yet: the agent is starting`);
  }

  async #setPaused(
    vmi: VirtualMachineInstance,
    { key, verb, signal }: { key: ObjectKey; verb: "pause" | "unpause"; signal: AbortSignal },
  ): Promise<TlsResponse> {
    const { enqueue, hypervisor, log } = this.#options;
    const { uid } = vmi.metadata;
    const domain = await hypervisor.inspect(uid, signal);
    if (domain.kind === "unknown") return failure(503, "ServiceUnavailable", domain.why);
    if (domain.kind !== "present" || domain.state === "shutoff" || domain.state === "crashed") {
      return failure(409, "Conflict", "VMI is not running");
    }
    const paused = domain.state === "paused";
    if (verb === "pause" && !paused) await hypervisor.suspend(uid, signal);
    if (verb === "unpause" && paused) await hypervisor.resume(uid, signal);
    log.info("pausing changed", { vmi: `${key.namespace}/${key.name}`, verb });
    enqueue(key);
    return { status: 200, headers: JSON_HEADERS, body: "{}" };
  }
}

const JSON_HEADERS = { "content-type": "application/json" };

function parsePath(path: string): { key: ObjectKey; verb: string } | undefined {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const [, namespace = "", name = "", verb = ""] = match;
  return { key: { namespace, name }, verb };
}

/** Offered among others: browsers add protocols that carry their credentials. */
function offers(request: TlsRequest, protocol: string): boolean {
  return (request.headers.get("sec-websocket-protocol") ?? [])
    .some((value) => value.split(",").some((offered) => offered.trim() === protocol));
}

/** A metav1.Status: what the control plane passes on to its caller. */
function failure(code: number, reason: string, message: string): TlsResponse {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
  return {
    status: code,
    headers: JSON_HEADERS,
    body: JSON.stringify({ ...status, message, reason, code }),
  };
}
