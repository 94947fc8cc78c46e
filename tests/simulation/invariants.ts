/** What must hold at every moment, and what must hold once all is quiet. */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import {
  NODE_HEARTBEAT_ANNOTATION,
  NODE_SCHEDULABLE_LABEL,
  UNPAUSED_READINESS_GATE,
  VM_GENERATION_ANNOTATION,
} from "../../src/api/labels.ts";
import { isFinalPhase, VirtualMachineRunStrategy as Strategy } from "../../src/api/phases.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { DeleteOptions, Resource } from "../../src/kube/client.ts";
import { CONTROLLER_REVISIONS, NODES, PODS } from "../../src/kube/core_resources.ts";
import type { StoreEvent } from "../../src/kube/fake/object_store.ts";
import { keyOf, type KubeObject } from "../../src/kube/object.ts";
import { hasCondition } from "../../src/resources/condition.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { controllerOf, isControlledBy } from "../../src/resources/owner_reference.ts";
import { HEARTBEAT_AGE_MS_MAX } from "../../src/resources/node/decide.ts";
import { runStrategyOf } from "../../src/resources/virtual_machine/run_strategy.ts";
import { type ApiServer, idOf } from "./api_server.ts";
import type { Machine } from "./machine.ts";
import type { ServedWrite } from "./process_client.ts";

/** By name, so that mutations.ts can show of each that it can fail. */
export const INVARIANTS = [
  "one guest of a name at a time",
  "no guest is started again after it was told to run",
  "no guest is started of an instance that has ended",
  "no guest is ended early",
  "no end is told of a guest that runs",
  "a success is told of a guest that shut down",
  "Running is told of a guest that was started",
  "final phases are final",
  "no instance goes before its guest",
  "no instance goes before its pod",
  "no pod that is there is told lost",
  "one pod of an instance at a time",
  "no VM goes before its instance",
  "no node is given up early",
  "deletions name a UID",
  "no write says what is there already",
  "no write is repeated",
  "what happens once is told once",
  "no bug is logged",
  "time goes on",
  "the world comes to rest",
  "deletions end",
  "run strategies are followed",
  "requests are carried out",
  "statuses of VMs are true",
  "instances run",
  "conditions of instances are true",
  "instances that have ended are let go",
  "pods do as their instances",
  "readiness gates do as their guests",
  "revisions go with their VMs",
  "machines keep nothing",
] as const;
export type Invariant = typeof INVARIANTS[number];

/** Something that is not as it must be. */
export interface Problem {
  invariant: Invariant;
  what: string;
}

export interface InvariantsParts {
  server: ApiServer;
  machines: readonly Machine[];
  monotonicMs(): number;
  /** Ends the schedule. */
  violated(invariant: Invariant, what: string): void;
}

/** Kinds that carry a precondition in each write, so that a write without a change cannot be a race. */
const PRECONDITIONED: readonly string[] = [
  idOf(VIRTUAL_MACHINES),
  idOf(VIRTUAL_MACHINE_INSTANCES),
];
/** Older ones are removed at the next start, so a few can come together when starts break off. */
const REVISIONS_PER_VM_MAX = 4;

export class Invariants {
  readonly #parts: InvariantsParts;
  /** Names of instances by UID, also of those that are gone. */
  readonly #names = new Map<string, string>();
  readonly #started = new Set<string>();
  /** Pods by the UID of their instance, also those whose objects are gone. */
  readonly #everMade = new Map<string, Pod[]>();
  /** When the last heartbeat of a node was written. */
  readonly #heard = new Map<string, number>();

  constructor(parts: InvariantsParts) {
    this.#parts = parts;
    parts.server.onChange((event) => this.#changed(event));
  }

  // ---- always -------------------------------------------------------------------------------------------------------

  guestStarted(machine: Machine, uid: string): void {
    const name = this.#names.get(uid);
    const { machines, server } = this.#parts;
    for (const other of machines) {
      for (const running of other.running) {
        const isSame = other === machine && running === uid;
        if (isSame || this.#names.get(running) !== name) continue;
        this.#parts.violated(
          "one guest of a name at a time",
          `two guests of ${name} run: ${uid} on ${machine.name}, ${running} on ${other.name}`,
        );
      }
    }
    const vmi = instances(server).find(({ metadata }) => metadata.uid === uid);
    if (this.#started.has(uid) && vmi?.status?.phase === "Running") {
      this.#parts.violated(
        "no guest is started again after it was told to run",
        `the guest of ${name} was started again after it had been told to run`,
      );
    }
    if (isFinalPhase(vmi?.status?.phase)) {
      const what = `the guest of ${name} was started, which is told to have ${vmi?.status?.phase}`;
      this.#parts.violated("no guest is started of an instance that has ended", what);
    }
    this.#started.add(uid);
  }

  /** The time of the API server counts, whatever the clocks of its node and its agent show. */
  guestDestroyed(machine: Machine, uid: string, now: Date): void {
    const vmi = instances(this.#parts.server).find(({ metadata }) => metadata.uid === uid);
    const { deletionTimestamp, name } = vmi?.metadata ?? {};
    if (vmi?.status?.phase !== "Running" || vmi.status.nodeName !== machine.name) return;
    const pods = this.#pods(uid);
    if (pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return;
    const toldForMs = pods.flatMap(({ metadata }) => machine.toldToStopForMs(metadata.uid) ?? []);
    const deletedForMs = deletionTimestamp && now.getTime() - Date.parse(deletionTimestamp);
    const endingForMs = Math.max(...toldForMs, ...(deletedForMs ? [deletedForMs] : []));
    if (endingForMs === -Infinity) return;
    const graceMs = (vmi.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    const leftMs = graceMs - endingForMs;
    if (leftMs <= 0) return;
    const what = `the guest of ${name} was ended ${leftMs} ms too early`;
    this.#parts.violated("no guest is ended early", what);
  }

  /** Heard of within the time that the server has its last heartbeat. */
  #nodeChanged({ object, old }: StoreEvent): void {
    const heartbeatOf = (node: KubeObject | undefined) =>
      node?.metadata.annotations?.[NODE_HEARTBEAT_ANNOTATION];
    const { name } = object.metadata;
    const nowMs = this.#parts.monotonicMs();
    if (heartbeatOf(object) !== heartbeatOf(old)) return void this.#heard.set(name, nowMs);
    const schedulable = (node: KubeObject | undefined) =>
      node?.metadata.labels?.[NODE_SCHEDULABLE_LABEL];
    if (schedulable(old) !== "true" || schedulable(object) !== "false") return;
    const silentMs = nowMs - (this.#heard.get(name) ?? -Infinity);
    if (silentMs >= HEARTBEAT_AGE_MS_MAX) return;
    const what = `node ${name} was called unresponsive after ${silentMs} ms`;
    this.#parts.violated("no node is given up early", what);
  }

  served({ process, verb, resource, versions, body }: ServedWrite): void {
    if (verb === "delete" && process.startsWith("controller")) this.#mustNameUid(resource, body);
    const isUpdate = verb === "patch" || verb === "update";
    if (!isUpdate || versions.before !== versions.after) return;
    if (!PRECONDITIONED.includes(idOf(resource)) || process.startsWith("api")) return;
    const what = `${process} wrote what was there already: ${JSON.stringify(body)}`;
    this.#parts.violated("no write says what is there already", what);
  }

  /** A name may belong to the next instance by the time the request is served. */
  #mustNameUid({ plural }: Resource, body: unknown): void {
    const { preconditions } = body as DeleteOptions;
    const isUnique = plural === CONTROLLER_REVISIONS.plural;
    if (preconditions?.uid === undefined && !isUnique) {
      this.#parts.violated("deletions name a UID", `${plural} are deleted by name alone`);
    }
  }

  #changed(event: StoreEvent): void {
    const { resource, type, object, old } = event;
    if (resource === idOf(NODES)) return this.#nodeChanged(event);
    if (resource === idOf(PODS) && type === "ADDED") this.#mustBeAlone(object as Pod);
    if (resource === idOf(VIRTUAL_MACHINES) && type === "DELETED") this.#vmWent(object, old);
    if (resource !== idOf(VIRTUAL_MACHINE_INSTANCES)) return;
    const vmi = object as VirtualMachineInstance;
    const { uid, name } = vmi.metadata;
    this.#names.set(uid, name);
    if (type === "DELETED") {
      // Without admission an instance that is deleted at once is held by nobody yet; its pod is collected.
      const isHeld = (old?.metadata.finalizers ?? []).length > 0;
      // What counts is the pod itself: its agent knows of its end before the kubelet has told.
      const holds = ({ metadata }: Pod) =>
        this.#parts.machines.some((machine) => machine.holds(metadata.uid));
      const pods = isHeld ? this.#everMade.get(uid) ?? [] : [];
      const pod = pods.find(holds)?.metadata.name;
      if (pod !== undefined) {
        const what = `instance ${name} went before its pod ${pod}`;
        this.#parts.violated("no instance goes before its pod", what);
      }
      return this.#mustNotRun(vmi, "no instance goes before its guest");
    }
    const before = (old as VirtualMachineInstance | undefined)?.status?.phase;
    const phase = vmi.status?.phase;
    if (phase === before) return;
    if (isFinalPhase(before)) {
      this.#parts.violated("final phases are final", `${name} went from ${before} to ${phase}`);
    }
    if (isFinalPhase(phase)) this.#mustNotRun(vmi, "no end is told of a guest that runs");
    if (phase === "Succeeded") this.#mustHaveShutDown(vmi);
    const isWithoutPod = isFinalPhase(phase) && vmi.status?.reason === "PodNotExists";
    const pod = this.#pods(uid).find(({ metadata }) => !metadata.deletionTimestamp);
    if (isWithoutPod && pod !== undefined) {
      const what = `${name} was told to have lost its pod, which is there`;
      this.#parts.violated("no pod that is there is told lost", what);
    }
    if (phase === "Running" && !this.#started.has(uid)) {
      const what = `${name} was told to be Running before its guest was started`;
      this.#parts.violated("Running is told of a guest that was started", what);
    }
  }

  #pods(vmiUid: string): Pod[] {
    return this.#parts.server.list<Pod>(PODS).filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => uid === vmiUid)
    );
  }

  #livePods(vmiUid: string): Pod[] {
    return this.#pods(vmiUid).filter(({ status }) => !isFinalPhase(status?.phase));
  }

  /** Whoever deletes a VM waits for its end, and takes its disks away then. */
  #vmWent({ metadata: { name, uid } }: KubeObject, old: KubeObject | undefined): void {
    const isHeld = (old?.metadata.finalizers ?? []).length > 0;
    const left = instances(this.#parts.server).find((vmi) =>
      isControlledBy(vmi, uid) && !isFinalPhase(vmi.status?.phase)
    );
    if (!isHeld || left === undefined) return;
    this.#parts.violated("no VM goes before its instance", `VM ${name} went before its instance`);
  }

  #mustBeAlone(made: Pod): void {
    const { metadata } = made;
    const uid = metadata.ownerReferences?.[0]?.uid ?? "";
    this.#everMade.set(uid, [...this.#everMade.get(uid) ?? [], made]);
    const other = this.#livePods(uid).find((pod) => pod.metadata.uid !== metadata.uid);
    if (other === undefined) return;
    const what = `an instance has two pods: ${metadata.name} and ${other.metadata.name}`;
    this.#parts.violated("one pod of an instance at a time", what);
  }

  #mustNotRun({ metadata: { uid, name } }: VirtualMachineInstance, invariant: Invariant): void {
    const machine = this.#parts.machines.find((each) => each.isRunning(uid));
    if (machine === undefined) return;
    this.#parts.violated(invariant, `the guest of ${name} runs on ${machine.name}`);
  }

  /** Or was ended without grace, which is all that was asked for. */
  #mustHaveShutDown({ metadata: { uid, name } }: VirtualMachineInstance): void {
    const endings = this.#parts.machines.flatMap(({ endings }) => endings.get(uid) ?? []);
    if (endings.includes("shutdown") || endings.includes("destroyed")) return;
    const what = `${name} was told to have Succeeded: its guest ${endings[0] ?? "never ended"}`;
    this.#parts.violated("a success is told of a guest that shut down", what);
  }

  // ---- once quiet -----------------------------------------------------------------------------------------------------

  /** Everything that is not as it must be in the end. */
  problems(): Problem[] {
    const { server } = this.#parts;
    return [
      ...server.list<VirtualMachine>(VIRTUAL_MACHINES).flatMap((vm) => this.#vmProblems(vm)),
      ...instances(server).flatMap((vmi) => this.#vmiProblems(vmi)),
      ...server.list<Pod>(PODS).flatMap((pod) => this.#podProblems(pod)),
      ...this.#revisionProblems(),
      ...this.#machineProblems(),
    ];
  }

  #vmProblems(vm: VirtualMachine): Problem[] {
    const { name, deletionTimestamp, uid } = vm.metadata;
    if (deletionTimestamp !== undefined) {
      return told("deletions end", `VM ${name} is being deleted`);
    }
    const found = this.#parts.server.get<VirtualMachineInstance>(
      VIRTUAL_MACHINE_INSTANCES,
      keyOf(vm),
    );
    if (found !== undefined && controllerOf(found) === undefined) {
      return told("run strategies are followed", `VM ${name} has not adopted its instance`);
    }
    if (found !== undefined && !isControlledBy(found, uid)) return [];
    const strategy = runStrategyOf(vm);
    const requests = vm.status?.stateChangeRequests ?? [];
    const waiting = requests.length > 0 && strategy !== Strategy.Once
      ? [`requests wait: ${JSON.stringify(requests)}`]
      : [];
    const ofVm = (what: string) => `VM ${name} (${strategy}): ${what}`;
    return [
      ...told("run strategies are followed", ...strategyProblems(strategy, found).map(ofVm)),
      ...told("statuses of VMs are true", ...shownProblems(vm, found).map(ofVm)),
      ...told("requests are carried out", ...waiting.map(ofVm)),
    ];
  }

  #vmiProblems(vmi: VirtualMachineInstance): Problem[] {
    const { name, uid, deletionTimestamp } = vmi.metadata;
    const { phase, nodeName } = vmi.status ?? {};
    if (deletionTimestamp !== undefined) {
      return told("deletions end", `VMI ${name} is being deleted (${phase})`);
    }
    if (isFinalPhase(phase)) {
      const { finalizers = [] } = vmi.metadata;
      const kept = finalizers.length > 0 ? [`VMI ${name} has ended and keeps its finalizers`] : [];
      return told("instances that have ended are let go", ...kept);
    }
    if (phase !== "Running") return told("instances run", `VMI ${name} is ${phase}`);
    const machine = this.#parts.machines.find((each) => each.name === nodeName);
    if (machine === undefined || !machine.isRunning(uid)) {
      const what = `VMI ${name} is Running, its guest on ${nodeName} is ${machine?.describe(uid)}`;
      return told("instances run", what);
    }
    const isPaused = machine.describe(uid).startsWith("paused");
    const status = isPaused ? "False" : "True";
    return told(
      "conditions of instances are true",
      ...(hasCondition(vmi.status?.conditions, { type: "Ready", status })
        ? []
        : [`VMI ${name} is not Ready=${status}`]),
      ...(hasCondition(vmi.status?.conditions, { type: "Paused", status: "True" }) === isPaused
        ? []
        : [`VMI ${name} says the contrary of Paused=${isPaused}`]),
    );
  }

  #podProblems({ metadata, status }: Pod): Problem[] {
    const { name, deletionTimestamp } = metadata;
    if (deletionTimestamp !== undefined) {
      return told("deletions end", `pod ${name} is being deleted`);
    }
    const owner = instances(this.#parts.server)
      .find((vmi) => metadata.ownerReferences?.some(({ uid }) => uid === vmi.metadata.uid));
    if (owner === undefined) {
      return told("pods do as their instances", `pod ${name} has no instance`);
    }
    const isOver = status?.phase === "Succeeded" || status?.phase === "Failed";
    if (isFinalPhase(owner.status?.phase) !== isOver) {
      const what = `pod ${name} is ${status?.phase}, its instance ${owner.status?.phase}`;
      return told("pods do as their instances", what);
    }
    const { uid } = owner.metadata;
    const machine = this.#parts.machines.find((each) => each.isRunning(uid));
    if (isOver || machine === undefined) return [];
    const isPaused = machine.describe(uid).startsWith("paused");
    const isOpen = hasCondition(status?.conditions, {
      type: UNPAUSED_READINESS_GATE,
      status: "True",
    });
    if (isOpen === !isPaused) return [];
    const what = `the readiness gate of pod ${name} is ${isOpen ? "open" : "closed"}`;
    return told("readiness gates do as their guests", what);
  }

  #revisionProblems(): Problem[] {
    const { server } = this.#parts;
    const counts = new Map<string, number>();
    for (const { metadata } of server.list(CONTROLLER_REVISIONS)) {
      const uid = metadata.ownerReferences?.[0]?.uid ?? "";
      counts.set(uid, (counts.get(uid) ?? 0) + 1);
    }
    const vms = server.list<VirtualMachine>(VIRTUAL_MACHINES);
    const problems = [...counts].flatMap(([uid, count]) => {
      const vm = vms.find(({ metadata }) => metadata.uid === uid);
      if (vm === undefined) return [`${count} revisions have no VM`];
      return count > REVISIONS_PER_VM_MAX ? [`VM ${vm.metadata.name} has ${count} revisions`] : [];
    });
    return told("revisions go with their VMs", ...problems);
  }

  #machineProblems(): Problem[] {
    const vmis = instances(this.#parts.server);
    const problems = this.#parts.machines.flatMap((machine) =>
      machine.directories.flatMap((uid) => {
        const vmi = vmis.find(({ metadata }) => metadata.uid === uid);
        const where = `${machine.name} keeps ${uid.slice(0, 8)} (${machine.describe(uid)})`;
        if (vmi === undefined) return [`${where}, which has no instance`];
        return isFinalPhase(vmi.status?.phase) ? [`${where}, whose instance has ended`] : [];
      })
    );
    return told("machines keep nothing", ...problems);
  }
}

function told(invariant: Invariant, ...problems: string[]): Problem[] {
  return problems.map((what) => ({ invariant, what }));
}

function instances(server: ApiServer): VirtualMachineInstance[] {
  return server.list<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES);
}

function strategyProblems(strategy: string, vmi: VirtualMachineInstance | undefined): string[] {
  const phase = vmi?.status?.phase;
  switch (strategy) {
    case Strategy.Always:
      return phase === "Running" ? [] : [`its instance is ${phase ?? "absent"}`];
    case Strategy.Halted:
      return vmi === undefined ? [] : [`its instance is ${phase}`];
    case Strategy.RerunOnFailure:
      return phase === undefined || phase === "Running" ? [] : [`its instance is ${phase}`];
    case Strategy.Once:
      return phase === undefined ? ["it has never run"] : [];
    default:
      return [];
  }
}

const SHOWN_WITHOUT_INSTANCE: readonly string[] = ["Stopped", "CrashLoopBackOff"];
const SHOWN_WHILE_RUNNING: readonly string[] = ["Running", "Paused"];

/** What people read in the status must be so. */
function shownProblems(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): string[] {
  const { printableStatus = "", created, ready, conditions } = vm.status ?? {};
  const isLive = vmi !== undefined && !isFinalPhase(vmi.status?.phase);
  const allowed = isLive ? SHOWN_WHILE_RUNNING : SHOWN_WITHOUT_INSTANCE;
  const isReady = isLive && hasCondition(vmi.status?.conditions, { type: "Ready", status: "True" });
  const memory = ({ domain }: VirtualMachineInstance["spec"]) => domain.memory?.guest;
  const template = vm.spec.template.spec;
  const isOutdated = isLive && template !== undefined && memory(template) !== memory(vmi.spec);
  // What an adopted instance was made from is not known.
  const isMade = vmi?.metadata.annotations?.[VM_GENERATION_ANNOTATION] !== undefined;
  const asksForRestart = hasCondition(conditions, { type: "RestartRequired", status: "True" });
  return [
    ...(allowed.includes(printableStatus) ? [] : [`it shows ${printableStatus}`]),
    ...(created === (vmi !== undefined) ? [] : [`it shows created=${created}`]),
    ...(ready === isReady ? [] : [`it shows ready=${ready}`]),
    ...(isLive && isMade && asksForRestart !== isOutdated
      ? [`its guest is ${isOutdated ? "" : "not "}outdated, RestartRequired=${asksForRestart}`]
      : []),
  ];
}
