/**
 * `deno task bench`: figures of the control plane, each beside its reference from the same run.
 *
 *   deno task bench [-o table|json] [--scale 1]
 *
 * A real etcd, kube-apiserver, kube-controller-manager and kube-scheduler; the product's controller as a process with its
 * webhooks; the product's node agent in this process, with guests that are entries in a map; a kubelet that is played.
 * Writes are counted from the API server's audit log, so refused and repeated ones count too. What a node and its VMs cost
 * is measured with the agent as a process and with real guests, beside QEMU alone. That needs root.
 */
import { Command } from "commander";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { NODES } from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { Cluster } from "../cluster/cluster.ts";
import { type ControllerProcess, startController } from "../integration/controller_process.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { say, step } from "../toolchain/progress.ts";
import { type AdmissionFigures, admissionFigures } from "./admission_figures.ts";
import { AuditLog, countByKind, isRead, isWrite, type Request } from "./audit_log.ts";
import { BARE_WRITES, BareLoop } from "./bare_loop.ts";
import { type Batch, type Latencies, Load, NAMESPACE } from "./load.ts";
import { measureNode, type NodeFigures } from "./node_figures.ts";
import { nodeRows } from "./node_rows.ts";
import { percentile } from "./percentile.ts";
import { cpuSeconds, residentBytes } from "./process_usage.ts";
import { type Aim, formatJson, formatTable, type Report, type Row } from "./report.ts";
import { StandInAgent } from "./stand_in_agent.ts";
import { NODE, StandInKubelet } from "./stand_in_kubelet.ts";
import { measureStandalone, standaloneRows } from "./standalone_rows.ts";
import type { ShellTime } from "./bare_qemu.ts";
import { type ShellTimes, shellTimes } from "./shell_times.ts";
import { startTimes } from "./start_time.ts";

const CONTROLLER = "denovirt-controller";
const AGENT = "denovirt-node";
const ROLES = [CONTROLLER, AGENT, "bench-kubelet"] as const;
const MIB = 1024 * 1024;
/** Each holds some 30 MB, and takes seconds to start where it is emulated. */
const PAUSED_GUESTS = 20;
const TIMED_STARTS = 10;
const SLOW_GUEST = { startMs: 2_000, stopMs: 3_000 };
const QUICK_GUEST = { startMs: 0, stopMs: 0 };

/** What one load came to. */
interface Measured {
  lives: number;
  requests: Request[];
  cpuSeconds: Record<string, number>;
}

/** The real control plane, with a node that is played. */
class Bench {
  readonly #cluster: Cluster;
  readonly #audit: AuditLog;
  readonly #pids: Record<string, number>;

  constructor(parts: { cluster: Cluster; audit: AuditLog; pids: Record<string, number> }) {
    this.#cluster = parts.cluster;
    this.#audit = parts.audit;
    this.#pids = parts.pids;
  }

  get kubeconfig(): string {
    return this.#cluster.kubeconfigPath;
  }

  /** Runs a load to its end, and counts what was asked of the API server until it was quiet again. */
  async measure(
    lives: number,
    pids: Record<string, number>,
    work: () => Promise<void>,
  ): Promise<Measured> {
    const position = await this.#audit.position();
    const before = await this.#cpu(pids);
    await work();
    await this.settle();
    const after = await this.#cpu(pids);
    const used = Object.keys(after).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]);
    const requests = await this.#audit.since(position);
    return { lives, requests, cpuSeconds: Object.fromEntries(used) };
  }

  /** Waits until nothing is written in the load's namespace any more. */
  async settle(): Promise<void> {
    await this.#audit.untilQuiet(NAMESPACE);
  }

  async #cpu(pids: Record<string, number>): Promise<Record<string, number>> {
    const all = Object.entries({ ...this.#pids, ...pids });
    return Object.fromEntries(
      await Promise.all(all.map(async ([name, pid]) => [name, await cpuSeconds(pid)])),
    );
  }
}

/** Writes of one role in the load's namespace. */
function writesOf({ requests }: Measured, userAgent: string): Request[] {
  return requests.filter((each) =>
    isWrite(each) && each.namespace === NAMESPACE && each.userAgent === userAgent
  );
}

function isEvent({ resource }: Request): boolean {
  return resource === "events";
}

/** What is read for a VM. Certificates and leases are looked at by the clock. */
const HOT_PATH: readonly string[] = [
  "virtualmachines",
  "virtualmachineinstances",
  "pods",
  "controllerrevisions",
  "persistentvolumeclaims",
  "nodes",
  "events",
];

function isOurRead(request: Request): boolean {
  const isOurs = request.userAgent === CONTROLLER || request.userAgent === AGENT;
  return isOurs && isRead(request) && HOT_PATH.includes(request.resource);
}

function writeRows(what: string, measured: Measured, atMost: number): Row[] {
  const { lives } = measured;
  const perLife = (requests: readonly Request[]) => requests.length / lives;
  const controller = writesOf(measured, CONTROLLER);
  const agent = writesOf(measured, AGENT);
  const both = [...controller, ...agent];
  const row = (measure: string, ours: number, more: Partial<Row> = {}): Row => ({
    id: "P1",
    measure: `${what}: ${measure}`,
    unit: "",
    ours,
    ...more,
  });
  const bare = { reference: BARE_WRITES, against: "bare loop" };
  return [
    row("writes, all", perLife(both), {
      aim: { atMost },
      ...(what.startsWith("VM life") ? bare : {}),
    }),
    row("of them the controllers'", perLife(controller)),
    row("of them the agent's", perLife(agent)),
    row("of all, events", perLife(both.filter(isEvent))),
    row("GET and LIST of the hot path", perLife(measured.requests.filter(isOurRead)), {
      aim: { atMost: 0 },
    }),
  ];
}

function requestsByRole(measured: Measured): Record<string, Record<string, number>> {
  return Object.fromEntries(ROLES.map((role) => {
    const counts = countByKind(writesOf(measured, role));
    const reads = countByKind(
      measured.requests.filter((each) => isOurRead(each) && each.userAgent === role),
    );
    const all = [...counts, ...reads];
    return [role, Object.fromEntries(all.map(([kind, n]) => [kind, n / measured.lives]))];
  }));
}

function cpuRows(measured: Measured, reference: Measured): Row[] {
  const per1000 = ({ cpuSeconds, lives }: Measured, name: string) =>
    (cpuSeconds[name] ?? NaN) * 1000 / lives;
  const row = (measure: string, name: string, atMost?: number): Row => ({
    id: "P2",
    measure: `CPU per 1,000 VM lives: ${measure}`,
    unit: "s",
    ours: per1000(measured, name),
    reference: per1000(reference, name),
    against: name === CONTROLLER ? "bare loop, with the played roles" : "bare loop",
    ...(atMost === undefined ? {} : { aim: { atMost } }),
  });
  return [
    row("controller", CONTROLLER, 10),
    row("kube-apiserver", "kube-apiserver", 100),
    row("etcd", "etcd"),
  ];
}

function latencyRows(
  pace: string,
  { ours, reference, aims }: {
    ours: Latencies;
    reference: Latencies;
    aims: readonly (number | undefined)[];
  },
): Row[] {
  const row = (what: string, share: number, pick: keyof Latencies, atMost?: number): Row => ({
    id: "P4",
    measure: `create -> ${what}, ${pace}: P${share * 100}`,
    unit: "ms",
    ours: percentile(ours[pick], share),
    reference: percentile(reference[pick], share),
    against: "bare loop",
    ...(atMost === undefined ? {} : { aim: { atMost } }),
  });
  return [
    row("VMI Running", 0.5, "vmiRunning", aims[0]),
    row("VMI Running", 0.9, "vmiRunning", aims[1]),
    row("VMI Running", 0.99, "vmiRunning", aims[2]),
    row("VM Running", 0.5, "vmRunning"),
    row("VM Running", 0.99, "vmRunning"),
  ];
}

interface Batches {
  slow: Batch;
  fast: Batch;
  bare: Batch;
  patient: Batch;
}

function batches(scale: number): Batches {
  const kind = "VirtualMachine";
  const count = (each: number) => Math.max(2, Math.round(each * scale));
  return {
    slow: { kind, prefix: "slow", count: count(60), perSecond: 2 },
    fast: { kind, prefix: "fast", count: count(300), perSecond: 10 },
    bare: { kind: "VirtualMachineInstance", prefix: "bare", count: count(50), perSecond: 5 },
    patient: { kind, prefix: "patient", count: count(30), perSecond: 2 },
  };
}

async function clientOf(kubeconfig: string, userAgent: string): Promise<FetchClient> {
  return new FetchClient({ connection: await kubeconfigConnection(kubeconfig), userAgent });
}

interface OurFigures {
  slow: Measured;
  slowLatencies: Latencies;
  fastLatencies: Latencies;
  bare: Measured;
  patient: Measured;
  idle: { rss: number; private: number };
  loaded: { rss: number; private: number };
  afterwards: { rss: number; private: number };
}

async function measureOurs(
  bench: Bench,
  controller: ControllerProcess,
  { slow, fast, bare, patient }: Batches,
): Promise<OurFigures> {
  const stop = new AbortController();
  using kubeletClient = await clientOf(bench.kubeconfig, "bench-kubelet/0");
  using userClient = await clientOf(bench.kubeconfig, "bench-user/0");
  const node = await controller.admin.get<KubeObject>(NODES, { name: NODE });
  using agentClient = new FetchClient({
    connection: await controller.connectionOf("denovirt-node", node?.metadata),
    userAgent: `${AGENT}/0`,
  });
  const kubelet = new StandInKubelet(kubeletClient);
  const agent = new StandInAgent(agentClient, kubelet);
  const load = new Load(userClient);
  const background = Promise.all([kubelet, agent, load].map((part) => part.run(stop.signal)));
  const pids = { [CONTROLLER]: controller.pid };
  const life = async (batch: Batch, pace: number) => {
    const latencies = await load.create(batch);
    await bench.settle();
    await load.delete({ ...batch, perSecond: pace });
    return latencies;
  };
  const none: Latencies = { vmiRunning: [], vmRunning: [] };
  let slowLatencies = none;
  let fastLatencies = none;
  let loaded = await residentBytes(controller.pid);
  try {
    await life({ ...slow, prefix: "warm-up", count: Math.min(10, slow.count) }, slow.perSecond);
    await bench.settle();
    const idle = await residentBytes(controller.pid);
    const slowMeasured = await bench.measure(slow.count, pids, async () => {
      slowLatencies = await life(slow, slow.perSecond);
    });
    const bareMeasured = await bench.measure(bare.count, pids, async () => {
      await life(bare, bare.perSecond);
    });
    agent.guestTimes(SLOW_GUEST);
    const patientMeasured = await bench.measure(patient.count, pids, async () => {
      await life(patient, patient.perSecond);
    });
    agent.guestTimes(QUICK_GUEST);
    fastLatencies = await load.create(fast);
    await bench.settle();
    loaded = await residentBytes(controller.pid);
    await load.delete(fast);
    await bench.settle();
    return {
      slow: slowMeasured,
      slowLatencies,
      fastLatencies,
      bare: bareMeasured,
      patient: patientMeasured,
      idle,
      loaded,
      afterwards: await residentBytes(controller.pid),
    };
  } finally {
    stop.abort();
    await background;
  }
}

async function measureReference(
  bench: Bench,
  { slow, fast }: Batches,
): Promise<{ slow: Measured; slowLatencies: Latencies; fastLatencies: Latencies }> {
  const stop = new AbortController();
  using kubeletClient = await clientOf(bench.kubeconfig, "bench-kubelet/0");
  using client = await clientOf(bench.kubeconfig, "bench-bare/0");
  const kubelet = new StandInKubelet(kubeletClient);
  const load = new Load(client, { finalizers: ["bench.example/bare"] });
  const bare = new BareLoop(client);
  const background = Promise.all([kubelet, bare, load].map((part) => part.run(stop.signal)));
  try {
    let slowLatencies: Latencies = { vmiRunning: [], vmRunning: [] };
    const named = (batch: Batch) => ({ ...batch, prefix: `reference-${batch.prefix}` });
    const measured = await bench.measure(slow.count, { [CONTROLLER]: Deno.pid }, async () => {
      slowLatencies = await load.create(named(slow));
      await bench.settle();
      await load.delete(named(slow));
    });
    const fastLatencies = await load.create(named({ ...fast, count: Math.ceil(fast.count / 3) }));
    return { slow: measured, slowLatencies, fastLatencies };
  } finally {
    stop.abort();
    await background;
  }
}

async function run(scale: number): Promise<Report> {
  const audit = await AuditLog.create();
  await using disposal = new AsyncDisposableStack();
  disposal.defer(() => audit.remove());
  const cluster = disposal.use(await Cluster.start({ nodes: 0, apiServerFlags: audit.flags }));
  const pids = {
    "kube-apiserver": await cluster.processId("kube-apiserver"),
    etcd: await cluster.processId("etcd"),
  };
  const bench = new Bench({ cluster, audit, pids });
  using admin = await clientOf(bench.kubeconfig, "bench-user/0");
  await Load.createNamespace(admin);
  const all = batches(scale);
  const starts = await step("starting the controller", () => startTimes(bench.kubeconfig));
  const native = await nativeDirectory();
  const standalone = await step("measuring standalone", () => measureStandalone(native, scale));
  const shells = await step(
    "timing shells",
    () =>
      shellTimes({
        nativeDirectory: native,
        starts: Math.max(3, Math.round(TIMED_STARTS * scale)),
      }),
  );
  // Not earlier: a node that says nothing for 40 s is given up.
  await StandInKubelet.register(admin);
  let ours: OurFigures;
  {
    await using controller = await startController(bench.kubeconfig, { logLevel: "info" });
    ours = await measureOurs(bench, controller, all);
  }
  say("the reference: a bare loop");
  const reference = await measureReference(bench, all);
  await StandInKubelet.unregister(admin);
  const node = await measureNodeOf(bench, scale);
  const admission = await step("asking admission", admissionFigures);
  return {
    machine: {
      cpus: navigator.hardwareConcurrency,
      memoryGiB: Deno.systemMemoryInfo().total / MIB / 1024,
      note: "everything on one machine, the API server with its audit log on",
    },
    rows: [
      ...writeRows("VM life", ours.slow, 6),
      ...writeRows("bare VMI life", ours.bare, 4),
      ...writeRows("VM life of a slow guest (2 s up, 3 s down)", ours.patient, 6),
      ...cpuRows(ours.slow, reference.slow),
      ...memoryRows(ours, all.fast.count),
      ...latencyRows("2/s", {
        ours: ours.slowLatencies,
        reference: reference.slowLatencies,
        aims: [60, undefined, 120],
      }),
      ...latencyRows("10/s", {
        ours: ours.fastLatencies,
        reference: reference.fastLatencies,
        aims: [undefined, undefined, 250],
      }),
      ...nodeRows(node),
      ...admissionRows(admission),
      {
        id: "P14",
        measure: "exec -> serving, from source",
        unit: "ms",
        ours: starts.servingMs,
        reference: starts.bareMs,
        against: "deno, an empty program",
        aim: { atMost: 250 },
      },
      { id: "P14", measure: "exec -> watches synced", unit: "ms", ours: starts.syncedMs },
      ...standaloneRows(standalone, starts.bareMs),
      ...shellRows(shells),
    ],
    requests: {
      "VM life": requestsByRole(ours.slow),
      "bare VMI life": requestsByRole(ours.bare),
      "VM life of a slow guest": requestsByRole(ours.patient),
    },
  };
}

function admissionRows({ mutateMs, validateMs, jsonMs }: AdmissionFigures): Row[] {
  const row = (what: string, ours: number): Row => ({
    id: "ADM",
    measure: `${what} a VM of 100 KB, P99`,
    unit: "ms",
    ours,
    reference: jsonMs,
    against: "reading and writing its JSON",
    aim: { atMost: 5 },
  });
  return [row("defaulting", mutateMs), row("validating", validateMs)];
}

function shellRows({ ours, bare, emulated }: ShellTimes): Row[] {
  const where = emulated ? "emulated" : "on KVM";
  const row = (end: string, pick: keyof ShellTime, aim?: Aim): Row => ({
    id: "S1",
    measure: `standalone: VM created -> ${end}, ${where}: P50 of ${ours.length}`,
    unit: "ms",
    ours: percentile(ours.map((each) => each[pick]), 0.5),
    reference: percentile(bare.map((each) => each[pick]), 0.5),
    against: "QEMU alone, from its spawn",
    ...(aim === undefined ? {} : { aim }),
  });
  return [
    row("guest's first instruction", "toFirstInstructionMs"),
    row("busybox guest's prompt", "toPromptMs", { atMost: 1.3, times: "reference" }),
  ];
}

/** Real guests need a controller with a node of its own. */
async function measureNodeOf(bench: Bench, scale: number): Promise<NodeFigures> {
  const native = await nativeDirectory();
  await using controller = await startController(bench.kubeconfig, { logLevel: "info" });
  return await measureNode({
    controller,
    nativeDirectory: native,
    scale,
    guests: Math.max(2, Math.round(PAUSED_GUESTS * scale)),
    starts: Math.max(2, Math.round(TIMED_STARTS * scale)),
  });
}

function memoryRows({ idle, loaded, afterwards }: OurFigures, count: number): Row[] {
  const row = (measure: string, ours: number, unit: string, aim?: Aim): Row => ({
    id: "P3",
    measure: `controller's memory: ${measure}`,
    unit,
    ours,
    ...(aim === undefined ? {} : { aim }),
  });
  return [
    row("RSS, no VMs", idle.rss / MIB, "MiB"),
    row(`RSS, ${count} VMs`, loaded.rss / MIB, "MiB", { atMost: 128, where: "at 8,000" }),
    row(`private, ${count} VMs`, loaded.private / MIB, "MiB"),
    row("growth per VM", (loaded.rss - idle.rss) / 1024 / count, "KiB", { atMost: 8 }),
    row("RSS, after they are gone", afterwards.rss / MIB, "MiB"),
  ];
}

const command = new Command("bench")
  .description("Figures of the control plane, each beside its reference from the same run")
  .option("-o, --output <format>", "table or json", "table")
  .option("--scale <factor>", "share of the full load: 0.1 for a quick look", "1")
  .parse([...Deno.args], { from: "user" });
const { output, scale } = command.opts<{ output: string; scale: string }>();
if (!(output === "table" || output === "json") || !(Number(scale) > 0)) {
  command.error("error: --output must be table or json, --scale a positive number", {
    exitCode: 2,
  });
}
const report = await run(Number(scale));
const text = output === "json" ? formatJson(report) : formatTable(report);
await Deno.stdout.write(new TextEncoder().encode(text));
