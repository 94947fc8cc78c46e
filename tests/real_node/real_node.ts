/**
 * A node of a real control plane on this machine without a kubelet: its pods have real namespaces, cgroups and envelopes, its
 * agent is the product's program, its guests are real. What a kubelet would write of pods is played.
 */
import type { KubeVirt } from "../../src/api/kubevirt.ts";
import { KUBEVIRTS } from "../../src/api/registry.ts";
import { NODES } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { NODE, StandInKubelet } from "../bench/stand_in_kubelet.ts";
import type { ControllerProcess } from "../integration/controller_process.ts";
import { say } from "../toolchain/progress.ts";
import { AgentProcess } from "./agent_process.ts";
import { NodeCgroup } from "./node_cgroup.ts";
import { PodSandboxes } from "./pod_sandbox.ts";

const KUBEVIRT = { namespace: "kubevirt", name: "kubevirt" };
/** Guests are the same wherever the tests run. */
const EMULATED = { configuration: { developerConfiguration: { useEmulation: true } } };

export interface RealNodeOptions {
  /** Holds the native parts. */
  nativeDirectory: string;
  controller: ControllerProcess;
}

export class RealNode implements AsyncDisposable {
  /** Short: addresses of sockets below it end at 107 bytes. */
  readonly directory: string;
  readonly cgroup: NodeCgroup;
  readonly agent: AgentProcess;
  readonly runDirectory: string;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    parts: {
      directory: string;
      runDirectory: string;
      cgroup: NodeCgroup;
      agent: AgentProcess;
    },
    stack: AsyncDisposableStack,
  ) {
    this.directory = parts.directory;
    this.runDirectory = parts.runDirectory;
    this.cgroup = parts.cgroup;
    this.agent = parts.agent;
    this.#parts = stack;
  }

  static async start({ nativeDirectory, controller }: RealNodeOptions): Promise<RealNode> {
    await using starting = new AsyncDisposableStack();
    const directory = await Deno.makeTempDir({ prefix: "dv-" });
    starting.defer(() => Deno.remove(directory, { recursive: true }));
    await Deno.chmod(directory, 0o755);
    const [kubeletRoot, runDirectory, temporaryDirectory] = ["kubelet", "run", "tmp"]
      .map((name) => `${directory}/${name}`) as [string, string, string];
    for (const path of [kubeletRoot, runDirectory, temporaryDirectory]) await Deno.mkdir(path);
    const cgroup = starting.use(await NodeCgroup.create(directory.split("/").at(-1) ?? "node"));
    const { admin } = controller;
    await emulate(admin, starting);
    const sandboxes = new PodSandboxes({ nativeDirectory, kubeletRoot, directory, cgroup });
    starting.use(sandboxes);
    await StandInKubelet.register(admin);
    starting.defer(() => StandInKubelet.unregister(admin));
    run(new StandInKubelet(admin, sandboxes), starting);
    const node = await admin.get<KubeObject>(NODES, { name: NODE });
    const boundNode = { name: NODE, uid: node?.metadata.uid ?? "" };
    const kubeconfigPath = `${directory}/kubeconfig`;
    const kubeconfig = await controller.kubeconfigOf("denovirt-node", boundNode);
    await Deno.writeTextFile(kubeconfigPath, kubeconfig);
    const agent = starting.use(
      await AgentProcess.start({
        nodeName: NODE,
        kubeconfigPath,
        nativeDirectory,
        kubeletRoot,
        runDirectory,
        temporaryDirectory,
        cgroup,
        heapReportPath: `${directory}/heap`,
      }),
    );
    return new RealNode({ directory, runDirectory, cgroup, agent }, starting.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}

async function emulate(admin: FetchClient, stack: AsyncDisposableStack): Promise<void> {
  await admin.create<KubeVirt & KubeObject>(KUBEVIRTS, {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: KUBEVIRT,
    spec: EMULATED,
  }, { namespace: KUBEVIRT.namespace });
  stack.defer(async () => void await admin.delete(KUBEVIRTS, KUBEVIRT));
}

function run(kubelet: StandInKubelet, stack: AsyncDisposableStack): void {
  const stop = new AbortController();
  const running = kubelet.run(stop.signal);
  // Thrown when it is awaited, which may be after somebody has waited in vain for what it does not do any more.
  running.catch((error) => say(`the played kubelet gave up: ${error}`));
  stack.defer(async () => {
    stop.abort();
    await running;
  });
}
