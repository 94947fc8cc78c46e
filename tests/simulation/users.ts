/** People and scripts: what they ask of the API, through the same decisions as the start, stop and restart calls. */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import { APP_LABEL, Component } from "../../src/api/labels.ts";
import { VirtualMachineRunStrategy as Strategy } from "../../src/api/phases.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { PODS } from "../../src/kube/core_resources.ts";
import { keyOf, type ObjectKey } from "../../src/kube/object.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { vm, withMetadata } from "../../src/resources/testing/builders.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { TlsResponse } from "../../src/runtime/mutual_tls_server.ts";
import { VERBS } from "../../src/subresources/verbs.ts";
import type { Machine } from "./machine.ts";
import type { ApiServer } from "./api_server.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

export const NAMESPACE = "shop";

const STRATEGIES = [
  [5, Strategy.Always],
  [3, Strategy.RerunOnFailure],
  [3, Strategy.Manual],
  [2, Strategy.Halted],
  [1, Strategy.Once],
] as const;
const GRACE_SECONDS = [0, 1, 5, 30];
const MEMORY_SIZES = ["64Mi", "128Mi", "256Mi"];

export interface UsersParts {
  server: ApiServer;
  random: Random;
  trace: Trace;
  /** Of the replicas that serve the verbs. */
  client: KubeClient;
  machines: readonly Machine[];
  /** Names that VMs get; a name is used again when its VM is gone. */
  names: readonly string[];
}

const VERB_PATHS = {
  start: "virtualmachines/start",
  stop: "virtualmachines/stop",
  restart: "virtualmachines/restart",
  pause: "virtualmachineinstances/pause",
  unpause: "virtualmachineinstances/unpause",
} as const;
const VERB_OPTIONS: Readonly<Record<keyof typeof VERB_PATHS, readonly object[]>> = {
  start: [{}, {}, {}, { paused: true }],
  stop: [{}, {}, { gracePeriod: 1 }],
  restart: [{}, {}, { gracePeriodSeconds: 0 }],
  pause: [{}],
  unpause: [{}],
};
const NEVER = new AbortController().signal;

type AgentCall = { nodeName: string; verb: string };

type Wish = (name: string) => Promise<unknown> | void;

export class Users {
  readonly #parts: UsersParts;
  readonly #wishes: readonly (readonly [number, Wish])[];

  constructor(parts: UsersParts) {
    this.#parts = parts;
    this.#wishes = [
      [6, (name) => this.#create(name)],
      [3, (name) => this.#deleteVm(name)],
      [2, (name) => this.#deleteVmi(name)],
      [4, (name) => this.#verb(name, "start")],
      [3, (name) => this.#verb(name, "stop")],
      [4, (name) => this.#verb(name, "restart")],
      [2, (name) => this.#verb(name, "pause")],
      [2, (name) => this.#verb(name, "unpause")],
      [4, (name) => this.#changeStrategy(name)],
      [2, (name) => this.#changeTemplate(name)],
      [2, (name) => this.#deletePod(name)],
      [1, (name) => this.#createBareVmi(name)],
    ];
  }

  /** One wish about one machine. What the API refuses is not tried again: people give up. */
  wish(): void {
    const { random, names } = this.#parts;
    const name = random.pick(names) ?? "";
    if (this.#vm(name) === undefined && random.chance(0.7)) {
      return this.#try(() => this.#create(name));
    }
    const wish = random.weighted(this.#wishes);
    this.#try(() => wish(name));
  }

  #try(wish: () => Promise<unknown> | void): void {
    const refused = (error: unknown) => this.#say(() => `refused: ${error}`);
    try {
      Promise.resolve(wish()).catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  create(name: string, runStrategy: string): Promise<unknown> {
    const { random, server } = this.#parts;
    const { metadata: { uid: _, resourceVersion: __, ...metadata }, ...made } = vm(
      withMetadata({ name, namespace: NAMESPACE }),
    );
    const object = {
      ...made,
      metadata: { ...metadata, finalizers: [], generation: 1 },
      spec: {
        ...(random.chance(0.2) && (runStrategy === "Always" || runStrategy === "Halted")
          ? { running: runStrategy === "Always" }
          : { runStrategy }),
        template: { spec: this.#template() },
      },
    };
    this.#say(() => `creates VM ${name}: ${JSON.stringify(object.spec).slice(0, 60)}`);
    return server.direct.create(VIRTUAL_MACHINES, server.admitted(VIRTUAL_MACHINES, object), {
      namespace: NAMESPACE,
    });
  }

  #create(name: string): Promise<unknown> | void {
    if (this.#vm(name) === undefined) {
      return this.create(name, this.#parts.random.weighted(STRATEGIES));
    }
  }

  deleteVm(name: string): Promise<unknown> {
    this.#say(() => `deletes VM ${name}`);
    return this.#parts.server.direct.delete(VIRTUAL_MACHINES, keyFor(name));
  }

  #deleteVm(name: string): Promise<unknown> | void {
    if (this.#vm(name) !== undefined) return this.deleteVm(name);
  }

  #deleteVmi(name: string): Promise<unknown> | void {
    if (this.#vmi(name) === undefined) return;
    this.#say(() => `deletes VMI ${name}`);
    return this.#parts.server.direct.delete(VIRTUAL_MACHINE_INSTANCES, keyFor(name));
  }

  async #verb(name: string, verb: keyof typeof VERB_PATHS): Promise<void> {
    const { client, machines, random } = this.#parts;
    const body = { ...random.pick(VERB_OPTIONS[verb]) };
    this.#say(() => `${verb} ${name} ${JSON.stringify(body)}`);
    const agents = { put: (target: AgentCall) => callAgent(machines, target, this.#vmi(name)) };
    const call = {
      key: keyFor(name),
      body: new TextEncoder().encode(JSON.stringify(body)),
      signal: NEVER,
    };
    const answer = await VERBS[VERB_PATHS[verb]]?.(call, { client, agents });
    this.#say(() => `${verb} ${name}: ${answer?.status}`);
  }

  #changeStrategy(name: string): Promise<unknown> | void {
    const { random, server } = this.#parts;
    const found = this.#vm(name);
    if (found === undefined) return;
    const runStrategy = random.weighted(STRATEGIES);
    this.#say(() => `sets ${name} to ${runStrategy}`);
    const spec = { runStrategy, running: null };
    return server.direct.patch(VIRTUAL_MACHINES, keyFor(name), { spec });
  }

  #changeTemplate(name: string): Promise<unknown> | void {
    const { random, server } = this.#parts;
    if (this.#vm(name) === undefined) return;
    const guest = random.pick(MEMORY_SIZES);
    this.#say(() => `gives ${name} ${guest}`);
    const spec = { template: { spec: { domain: { memory: { guest } } } } };
    return server.direct.patch(VIRTUAL_MACHINES, keyFor(name), { spec });
  }

  #deletePod(name: string): Promise<unknown> | void {
    const { random, server } = this.#parts;
    const uid = this.#vmi(name)?.metadata.uid;
    const pod = uid === undefined ? undefined : this.#pods(uid)[0];
    if (pod === undefined) return;
    this.#say(() => `deletes pod ${pod.metadata.name}`);
    const grace = random.chance(0.3) ? { gracePeriodSeconds: random.pick([1, 5, 30]) ?? 1 } : {};
    return server.direct.delete(PODS, keyOf(pod), grace);
  }

  /** An instance that no VM made; one that comes to its name may take it. */
  #createBareVmi(name: string): Promise<unknown> | void {
    const { server } = this.#parts;
    if (this.#vmi(name) !== undefined) return;
    this.#say(() => `creates VMI ${name}`);
    const object = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name, namespace: NAMESPACE },
      spec: this.#template(),
    };
    const admitted = server.admitted(VIRTUAL_MACHINE_INSTANCES, object);
    return server.direct.create(VIRTUAL_MACHINE_INSTANCES, admitted, { namespace: NAMESPACE });
  }

  #template(): VirtualMachineInstance["spec"] {
    const { random } = this.#parts;
    return {
      terminationGracePeriodSeconds: random.pick(GRACE_SECONDS) ?? 0,
      domain: {
        devices: { autoattachPodInterface: false, autoattachGraphicsDevice: false },
        memory: { guest: random.pick(MEMORY_SIZES) ?? "64Mi" },
      },
    };
  }

  #vm(name: string): VirtualMachine | undefined {
    return this.#parts.server.get<VirtualMachine>(VIRTUAL_MACHINES, keyFor(name));
  }

  #vmi(name: string): VirtualMachineInstance | undefined {
    return this.#parts.server.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, keyFor(name));
  }

  #pods(vmiUid: string): Pod[] {
    return this.#parts.server.list<Pod>(PODS).filter(({ metadata }) =>
      metadata.labels?.[APP_LABEL] === Component.Launcher &&
      metadata.ownerReferences?.some(({ uid }) => uid === vmiUid)
    );
  }

  #say(what: () => string): void {
    this.#parts.trace.add("user", what);
  }
}

/** The agent's answer to a verb on a guest. */
async function callAgent(
  machines: readonly Machine[],
  { nodeName, verb }: AgentCall,
  vmi: VirtualMachineInstance | undefined,
): Promise<TlsResponse> {
  const machine = machines.find(({ name }) => name === nodeName);
  if (machine === undefined || !machine.isOn || vmi === undefined) return { status: 503 };
  if (verb === "pause") await machine.suspend(vmi.metadata.uid);
  else await machine.resume(vmi.metadata.uid);
  return { status: 200 };
}

function keyFor(name: string): ObjectKey {
  return { namespace: NAMESPACE, name };
}
