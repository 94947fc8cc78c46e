import { parseAllDocuments } from "yaml";
import type { ApiServer } from "./api_server.ts";
import type { Cluster } from "./cluster.ts";
import { waitUntil } from "./wait_until.ts";

const NAMESPACE = "default";
const GROUP = "/apis/kubevirt.io/v1/namespaces";
const SUBRESOURCES = "/apis/subresources.kubevirt.io/v1/namespaces";
const SAMPLES = new URL("../../deploy/samples", import.meta.url).pathname;

/** Set by run.ts: "complete", or "incomplete" where compiled programs cannot do everything. */
export const RUNTIME_VARIABLE = "DENOVIRT_TEST_RUNTIME";

/** The parts of an object's JSON that the tests look at. */
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
export interface VmObject {
  metadata: { name: string; uid: string; generation?: number };
  spec: Record<string, unknown>;
  status?: {
    printableStatus?: string;
    ready?: boolean;
    conditions?: Condition[];
    startFailure?: { consecutiveFailCount?: number; retryAfterTimestamp?: string };
  };
}
export interface VmiObject {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  status?: {
    phase?: string;
    nodeName?: string;
    reason?: string;
    conditions?: Condition[];
    interfaces?: { ipAddress?: string }[];
  };
}
export interface PodObject {
  metadata: { name: string; uid: string; labels?: Record<string, string> };
  spec: { nodeName?: string };
  status?: { phase?: string; podIP?: string };
}

/** One virtual machine of the tests, driven through the API server alone. */
export class TestVirtualMachine {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #api: ApiServer;

  constructor(bed: { cluster: Cluster; api: ApiServer }, name: string) {
    this.#cluster = bed.cluster;
    this.#api = bed.api;
    this.name = name;
  }

  async vm(): Promise<VmObject | undefined> {
    return await this.#api.get(`${GROUP}/${NAMESPACE}/virtualmachines/${this.name}`);
  }

  async vmi(): Promise<VmiObject | undefined> {
    return await this.#api.get(`${GROUP}/${NAMESPACE}/virtualmachineinstances/${this.name}`);
  }

  /** The pod of the VMI that exists now. */
  async pod(): Promise<PodObject | undefined> {
    const vmi = await this.vmi();
    if (!vmi) return undefined;
    const selector = encodeURIComponent(`kubevirt.io/created-by=${vmi.metadata.uid}`);
    const list = await this.#api.get<{ items: PodObject[] }>(
      `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${selector}`,
    );
    return list?.items[0];
  }

  /** Waits for the VMI to be in a phase. Final phases that were not asked for end the wait. */
  async waitForPhase(
    phase: string,
    options: { timeoutMs: number; notUid?: string },
  ): Promise<VmiObject> {
    const vmi = await waitUntil({
      what: `VMI ${this.name} to be ${phase}`,
      timeoutMs: options.timeoutMs,
      look: () => this.vmi(),
      until: (seen) => seen?.status?.phase === phase && seen.metadata.uid !== options.notUid,
      hopeless: (seen) =>
        seen?.status?.phase === "Failed" && seen.metadata.uid !== options.notUid
          ? "it failed"
          : undefined,
      tell: (seen) => seen ? JSON.stringify(seen.status ?? {}) : "no VMI",
    });
    if (!vmi) throw new Error(`Cannot find VMI ${this.name}`);
    return vmi;
  }

  async waitForVm(
    what: string,
    options: { timeoutMs: number; until: (vm: VmObject) => boolean },
  ): Promise<VmObject> {
    const vm = await waitUntil({
      what: `VM ${this.name} ${what}`,
      timeoutMs: options.timeoutMs,
      look: () => this.vm(),
      until: (seen) => seen !== undefined && options.until(seen),
      tell: (seen) => seen ? JSON.stringify(seen.status ?? {}) : "no VM",
    });
    if (!vm) throw new Error(`Cannot find VM ${this.name}`);
    return vm;
  }

  /** A verb of the aggregated API; an answer other than the expected one is an error that tells it. */
  async verb(
    resource: "virtualmachines" | "virtualmachineinstances",
    verb: string,
    options: { body?: unknown; expect: number },
  ): Promise<unknown> {
    const path = `${SUBRESOURCES}/${NAMESPACE}/${resource}/${this.name}/${verb}`;
    const { status, body } = await this.#api.request("PUT", path, options.body);
    if (status !== options.expect) {
      throw new Error(`Cannot ${verb} ${this.name}: ${status}: ${JSON.stringify(body)}`);
    }
    return body;
  }

  /** Deletes the VM, and waits until neither it nor its VMI nor its pods are there. */
  async delete(timeoutMs: number): Promise<void> {
    await this.#api.request("DELETE", `${GROUP}/${NAMESPACE}/virtualmachines/${this.name}`);
    const label = `vm.kubevirt.io/name=${this.name}`;
    await waitUntil({
      what: `VM ${this.name} with all that is its to be gone`,
      timeoutMs,
      look: async () => ({
        vm: (await this.vm())?.status?.printableStatus,
        vmi: (await this.vmi())?.status?.phase,
        pods:
          (await this.#cluster.kubectl(["get", "pods", "-n", NAMESPACE, "-l", label, "-o", "name"]))
            .trim(),
      }),
      until: ({ vm, vmi, pods }) => vm === undefined && vmi === undefined && pods === "",
    });
  }
}

/** A sample's manifests, as a user finds them in the repository. */
export async function sample(file: string): Promise<string> {
  return await Deno.readTextFile(`${SAMPLES}/${file}`);
}

/** The kernel guest of the samples under another name, changed as the test needs it. */
export async function kernelVirtualMachine(
  name: string,
  change: (vm: KernelVirtualMachine) => void = () => {},
): Promise<string> {
  const [document] = parseAllDocuments(await sample("vm_kernel.yaml"));
  const vm = document?.toJS() as KernelVirtualMachine;
  vm.metadata.name = name;
  vm.spec.template.metadata.labels = { app: name };
  if (Deno.env.get(RUNTIME_VARIABLE) === "incomplete") detach(vm);
  change(vm);
  return JSON.stringify(vm);
}

/** Nodes then offer no devices, so that a guest with a network has no place. */
function detach({ spec: { template: { spec } } }: KernelVirtualMachine): void {
  spec.domain.devices.autoattachPodInterface = false;
  delete spec.domain.devices.interfaces;
  delete spec.networks;
}

export interface KernelVirtualMachine {
  metadata: { name: string };
  spec: {
    running?: boolean;
    runStrategy?: string;
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds: number;
        startStrategy?: string;
        domain: {
          devices: {
            disks?: unknown[];
            interfaces?: unknown[];
            autoattachPodInterface?: boolean;
          };
          firmware: { kernelBoot: { container: { image: string; kernelPath: string } } };
        };
        volumes?: unknown[];
        networks?: unknown[];
      };
    };
  };
}
