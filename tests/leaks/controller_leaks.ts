/** Lets VMs come and go under the real controller, with guests that are entries in a map, and tells what of its memory stays. */
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { NAMESPACES, NODES } from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { Load, NAMESPACE } from "../bench/load.ts";
import { residentBytes } from "../bench/process_usage.ts";
import { StandInAgent } from "../bench/stand_in_agent.ts";
import { NODE, StandInKubelet } from "../bench/stand_in_kubelet.ts";
import { startController } from "../integration/controller_process.ts";
import { HeapProbe } from "../real_node/heap_probe.ts";
import { type Slope, slopeOf } from "./slope.ts";

const CONTROLLER = new URL("../../src/controller.ts", import.meta.url).pathname;
const PER_SECOND = 10;

export interface ControllerLeaks {
  lives: number;
  /** Of the controller, collected: bytes per life over the second half. */
  heap: Slope;
  external: Slope;
  /** First and last. */
  heapBytes: [number, number];
  /** Resident memory before each collection: first, largest and last. */
  residentBytes: [number, number, number];
}

export interface ControllerLeaksOptions {
  rounds: number;
  livesPerRound: number;
  kubeconfig: string;
  /** How long VMs come and go before anything is measured. @default 0 */
  warmUpMs?: number;
  onRound?: (round: number) => void;
}

export async function measureControllerLeaks(
  { rounds, livesPerRound, kubeconfig, onRound, warmUpMs = 0 }: ControllerLeaksOptions,
): Promise<ControllerLeaks> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "dv-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const probe = new HeapProbe(`${directory}/heap`);
  const program = [Deno.execPath(), "run", "--no-check", "--allow-all"];
  const controller = stack.use(
    await startController(kubeconfig, {
      logLevel: "info",
      program: [...program, ...probe.denoFlags, CONTROLLER],
      env: probe.env,
    }),
  );
  const client = async (userAgent: string) =>
    stack.use(new FetchClient({ connection: await kubeconfigConnection(kubeconfig), userAgent }));
  const admin = await client("bench-user/0");
  await Load.createNamespace(admin);
  stack.defer(async () => void await admin.delete(NAMESPACES, { name: NAMESPACE }));
  await StandInKubelet.register(admin);
  stack.defer(() => StandInKubelet.unregister(admin));
  const kubelet = new StandInKubelet(await client("bench-kubelet/0"));
  const node = await admin.get<KubeObject>(NODES, { name: NODE });
  const connection = await controller.connectionOf("denovirt-node", node?.metadata);
  const agentClient = stack.use(new FetchClient({ connection, userAgent: "denovirt-node/0" }));
  const agent = new StandInAgent(agentClient, kubelet);
  const load = new Load(admin);
  const stop = new AbortController();
  const background = Promise.all([kubelet, agent, load].map((part) => part.run(stop.signal)));
  stack.defer(async () => {
    stop.abort();
    await background;
  });
  const heaps: number[] = [];
  const externals: number[] = [];
  const residents: number[] = [];
  const liveRound = async (prefix: string) => {
    const shape = { kind: "VirtualMachine" as const, count: livesPerRound, perSecond: PER_SECOND };
    await load.create({ ...shape, prefix });
    await load.delete({ ...shape, prefix });
  };
  const warmAtMs = performance.now() + warmUpMs;
  for (let round = 0; performance.now() < warmAtMs; round++) await liveRound(`earlier-${round}`);
  for (let round = 0; round < rounds; round++) {
    await liveRound(`round-${round}`);
    residents.push((await residentBytes(controller.pid)).rss);
    const { heapUsed, external } = await probe.read(controller.pid);
    heaps.push(heapUsed);
    externals.push(external);
    onRound?.(round);
  }
  const half = Math.floor(rounds / 2);
  return {
    lives: rounds * livesPerRound,
    heap: perLife(slopeOf(heaps.slice(half)), livesPerRound),
    external: perLife(slopeOf(externals.slice(half)), livesPerRound),
    heapBytes: [heaps[0] ?? NaN, heaps.at(-1) ?? NaN],
    residentBytes: [residents[0] ?? NaN, Math.max(...residents), residents.at(-1) ?? NaN],
  };
}

function perLife({ perStep, atLeast, atMost }: Slope, lives: number): Slope {
  return { perStep: perStep / lives, atLeast: atLeast / lives, atMost: atMost / lives };
}
