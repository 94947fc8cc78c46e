/** Starts and stops guests on a real node, and tells what of it stays: things by name, memory by its slope. */
import { residentBytes } from "../bench/process_usage.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { startController } from "../integration/controller_process.ts";
import { RealNode } from "../real_node/real_node.ts";
import { type Census, growth, takeCensus } from "./census.ts";
import { GuestLives } from "./guest_lives.ts";
import { type Slope, slopeOf } from "./slope.ts";

/** Connections are made, code is compiled, caches are filled. */
const WARM_UP_LIVES = 4;
/** Connections to the API server that are not used any more are closed by then. */
const SETTLE_TIMEOUT_MS = 120_000;

export interface NodeLeaks {
  lives: number;
  /** Things that were not there before the first life, by kind. All are empty when nothing is left behind. */
  left: Record<keyof Census, string[]>;
  /** How many there were of each kind, before and after. */
  counted: Record<keyof Census, number>;
  /** Of the agent, collected: bytes per life over the second half. */
  heap: Slope;
  /** Buffers that the heap holds, likewise. */
  external: Slope;
  /** First and last. */
  heapBytes: [number, number];
  /** Resident memory before each collection: first, largest and last. */
  residentBytes: [number, number, number];
}

export interface NodeLeaksOptions {
  lives: number;
  kubeconfig: string;
  nativeDirectory: string;
  /** How long guests come and go before anything is measured. @default a few lives */
  warmUpMs?: number;
  /** Called after each life. */
  onLife?: (life: number) => void;
}

export async function measureNodeLeaks(options: NodeLeaksOptions): Promise<NodeLeaks> {
  const { kubeconfig, nativeDirectory, lives: count, warmUpMs = 0 } = options;
  await using controller = await startController(kubeconfig, { logLevel: "info" });
  await using node = await RealNode.start({ controller, nativeDirectory });
  await using lives = await GuestLives.open(controller.admin);
  const warmAtMs = performance.now() + warmUpMs;
  let earlier = 0;
  while (earlier < WARM_UP_LIVES || performance.now() < warmAtMs) await lives.live(earlier++);
  await node.agent.heap(); // its report is a file too
  const before = await settled(node);
  const heaps: number[] = [];
  const externals: number[] = [];
  const residents: number[] = [];
  for (let life = 0; life < count; life++) {
    await lives.live(earlier + life);
    residents.push((await residentBytes(node.agent.pid)).rss);
    const { heapUsed, external } = await node.agent.heap();
    heaps.push(heapUsed);
    externals.push(external);
    options.onLife?.(life);
  }
  const { left, after } = await untilNothingIsLeft(node, before);
  const half = Math.floor(count / 2);
  const counted = Object.entries(after).map(([kind, things]) => [kind, things.length]);
  return {
    lives: count,
    left,
    counted: Object.fromEntries(counted) as Record<keyof Census, number>,
    heap: slopeOf(heaps.slice(half)),
    external: slopeOf(externals.slice(half)),
    heapBytes: [heaps[0] ?? NaN, heaps.at(-1) ?? NaN],
    residentBytes: [residents[0] ?? NaN, Math.max(...residents), residents.at(-1) ?? NaN],
  };
}

/** What does not change between two looks. */
async function settled(node: RealNode): Promise<Census> {
  let last = await takeCensus(node);
  return await waitUntil({
    what: "the node to come to rest",
    timeoutMs: SETTLE_TIMEOUT_MS,
    look: async () => {
      const seen = await takeCensus(node);
      const rests = isNothing(growth(last, seen)) && isNothing(growth(seen, last));
      last = seen;
      return { seen, rests };
    },
    until: ({ rests }) => rests,
  }).then(({ seen }) => seen);
}

async function untilNothingIsLeft(
  node: RealNode,
  before: Census,
): Promise<{ left: Record<keyof Census, string[]>; after: Census }> {
  const endMs = performance.now() + SETTLE_TIMEOUT_MS;
  while (true) {
    const after = await takeCensus(node);
    const left = growth(before, after);
    if (isNothing(left) || performance.now() > endMs) return { left, after };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function isNothing(things: Record<string, string[]>): boolean {
  return Object.values(things).every(({ length }) => length === 0);
}
