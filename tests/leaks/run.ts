/**
 * `deno task test:leaks`: hundreds of guests that start and end on one node, and hundreds of VMs under the controller; then
 * everything must be as it was.
 *
 *   deno task test:leaks [--cycles 300] [-o table|json]
 *
 * Ends with what leaks, and code 1 if anything does.
 */
import { Command } from "commander";
import { EVENT_BURST, EVENT_REFILL_MS } from "../../src/runtime/event_recorder.ts";
import { Cluster } from "../cluster/cluster.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { prepareMachine } from "../toolchain/prepare.ts";
import { say } from "../toolchain/progress.ts";
import { type ControllerLeaks, measureControllerLeaks } from "./controller_leaks.ts";
import { leaksIn, LONG } from "./limits.ts";
import { measureNodeLeaks, type NodeLeaks } from "./node_leaks.ts";
import type { Slope } from "./slope.ts";

const LIVES_PER_ROUND = 10;
const TELL_EVERY = 20;
/** From then on as much is forgotten as is remembered: events that may have to be counted up, and budgets for them. */
const WARM_UP_MS = EVENT_BURST * EVENT_REFILL_MS;
const MIB = 1024 * 1024;

interface Report {
  node: NodeLeaks;
  controller: ControllerLeaks;
  leaks: string[];
}

async function measure(cycles: number): Promise<Report> {
  await prepareMachine();
  const native = await nativeDirectory();
  await using forController = await Cluster.start({ nodes: 0 });
  await using forNode = await Cluster.start({ nodes: 0 });
  const tell = (what: string, done: number, of: number) => {
    if (done % TELL_EVERY === 0) say(`${what}: ${done} of ${of}`);
  };
  const rounds = Math.ceil(cycles / LIVES_PER_ROUND);
  say(`filling what is kept for ${WARM_UP_MS / 60_000} minutes`);
  const [controller, node] = await Promise.all([
    measureControllerLeaks({
      rounds,
      livesPerRound: LIVES_PER_ROUND,
      kubeconfig: forController.kubeconfigPath,
      warmUpMs: WARM_UP_MS,
      onRound: (round) => tell("VMs", (round + 1) * LIVES_PER_ROUND, cycles),
    }),
    measureNodeLeaks({
      lives: cycles,
      kubeconfig: forNode.kubeconfigPath,
      nativeDirectory: native,
      warmUpMs: WARM_UP_MS,
      onLife: (life) => tell("guests", life + 1, cycles),
    }),
  ]);
  return { node, controller, leaks: [...leaksIn(node, LONG), ...leaksIn(controller, LONG)] };
}

function formatReport({ node, controller, leaks }: Report): string {
  const slope = ({ perStep, atLeast, atMost }: Slope) =>
    `${perStep.toFixed(0)} bytes a life (99 %: ${atLeast.toFixed(0)} to ${atMost.toFixed(0)})`;
  const memory = (bytes: readonly number[]) =>
    bytes.map((each) => (each / MIB).toFixed(1)).join(" -> ") + " MiB";
  const things = Object.entries(node.counted).map(([kind, count]) =>
    `  ${kind}: ${count}, ${node.left[kind as keyof NodeLeaks["left"]].length} more than before`
  );
  return [
    `a node after ${node.lives} guests:`,
    ...things,
    `  agent's heap: ${memory(node.heapBytes)}, ${slope(node.heap)}`,
    `  its buffers: ${slope(node.external)}`,
    `  its resident memory: ${memory(node.residentBytes)}`,
    `the controller after ${controller.lives} VMs:`,
    `  heap: ${memory(controller.heapBytes)}, ${slope(controller.heap)}`,
    `  buffers: ${slope(controller.external)}`,
    `  resident memory: ${memory(controller.residentBytes)}`,
    ...(leaks.length === 0 ? ["nothing leaks"] : leaks),
    "",
  ].join("\n");
}

const command = new Command("test:leaks")
  .description("Whether anything stays of guests that started and ended")
  .option("--cycles <count>", "guests, and VMs", "300")
  .option("-o, --output <format>", "table or json", "table")
  .parse([...Deno.args], { from: "user" });
const { output, cycles } = command.opts<{ output: string; cycles: string }>();
if (!(output === "table" || output === "json") || !(Number(cycles) >= 2 * LIVES_PER_ROUND)) {
  command.error("error: --output must be table or json, --cycles 20 at least", { exitCode: 2 });
}
const report = await measure(Number(cycles));
const text = output === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report);
await Deno.stdout.write(new TextEncoder().encode(text));
if (report.leaks.length > 0) Deno.exit(1);
