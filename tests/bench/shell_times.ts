/**
 * How long a newcomer waits for a shell: `denovirt-node standalone` that is ready, a VM created through its API, the prompt on its
 * console. Beside it the same guest by QEMU alone, from its spawn, in turn.
 */
import { dirname } from "node:path";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { type Connection, kubeconfigConnection } from "../../src/kube/connection.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { GuestConsole } from "../../src/standalone/run/guest_console.ts";
import { kernelVirtualMachine } from "../cluster/virtual_machine.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { StandaloneDirectory, StandaloneProcess } from "../standalone/standalone_process.ts";
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { BareQemu, type ShellTime } from "./bare_qemu.ts";
import { PromptSeen } from "./prompt_seen.ts";

const NAMESPACE = "default";
/** Software emulation on busy cores; an idle machine needs a tenth of it. */
const GUEST_TIMEOUT_MS = 180_000;
const OPEN_INTERVAL_MS = 20;

export interface ShellTimes {
  /** Since the VM was to be created. */
  ours: ShellTime[];
  /** Since QEMU was spawned. */
  bare: ShellTime[];
  emulated: boolean;
}

export async function shellTimes(
  { nativeDirectory, starts }: { nativeDirectory: string; starts: number },
): Promise<ShellTimes> {
  await using own = await StandaloneDirectory.make();
  const directory = own.path;
  await using standalone = await StandaloneProcess.start({
    directory,
    nativeDirectory,
    images: [dirname(await kernelGuestImage())],
    flags: ["--stop-guests"],
  });
  await using guests = await Guests.open(standalone.kubeconfigPath, `${directory}/run`);
  const bareDirectory = `${directory}/bare`;
  await Deno.mkdir(bareDirectory);
  // The first one brings the image. A paused one shows how QEMU is called, and lends its files.
  await guests.start("warm-up");
  await guests.end("warm-up");
  const lender = await guests.pause("lender");
  const args = await BareQemu.argumentsOf(lender, bareDirectory);
  const times: ShellTimes = {
    ours: [],
    bare: [],
    emulated: args.join(" ").includes("-accel tcg"),
  };
  for (let index = 0; index < starts; index++) {
    times.ours.push((await guests.start(`timed-${index}`)).time);
    await guests.end(`timed-${index}`);
    await using bare = BareQemu.spawn(args, bareDirectory);
    times.bare.push(await bare.startToPrompt());
  }
  return times;
}

interface Started {
  uid: string;
  time: ShellTime;
}

/** VMs of the standalone process, one at a time. */
class Guests implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #client: FetchClient;
  readonly #instances: Informer<VirtualMachineInstance>;
  readonly #runDirectory: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(connection: Connection, runDirectory: string) {
    const client = new FetchClient({ connection, userAgent: "bench" });
    const resource = VIRTUAL_MACHINE_INSTANCES;
    this.#connection = connection;
    this.#client = client;
    this.#instances = new Informer({
      client,
      logger: SILENT_LOGGER,
      namespace: NAMESPACE,
      resource,
    });
    this.#runDirectory = runDirectory;
    this.#running = this.#instances.run(this.#stop.signal);
  }

  static async open(kubeconfigPath: string, runDirectory: string): Promise<Guests> {
    return new Guests(await kubeconfigConnection(kubeconfigPath), runDirectory);
  }

  async start(name: string): Promise<Started> {
    const vm = JSON.parse(await kernelVirtualMachine(name));
    const startMs = Date.now();
    await this.#client.create(VIRTUAL_MACHINES, vm, { namespace: NAMESPACE });
    await this.#until(`${name} to run`, () => this.#find(name)?.status?.phase === "Running");
    const toPromptMs = await this.#untilPrompt(name) - startMs;
    const uid = this.#find(name)?.metadata.uid ?? "";
    const { startedAtMs } = await this.#record(uid);
    return { uid, time: { toFirstInstructionMs: startedAtMs - startMs, toPromptMs } };
  }

  /** Resolves when it is gone. */
  async end(name: string): Promise<void> {
    await this.#client.delete(VIRTUAL_MACHINES, { namespace: NAMESPACE, name });
    await this.#until(`${name} to be gone`, () => this.#find(name) === undefined);
  }

  /** Starts one that never runs an instruction. Resolves with its QEMU. */
  async pause(name: string): Promise<number> {
    const vm = JSON.parse(
      await kernelVirtualMachine(
        name,
        ({ spec: { template } }) => {
          template.spec.startStrategy = "Paused";
          template.spec.terminationGracePeriodSeconds = 0;
        },
      ),
    );
    await this.#client.create(VIRTUAL_MACHINES, vm, { namespace: NAMESPACE });
    await this.#until(`${name} to run`, () => this.#find(name)?.status?.phase === "Running");
    return (await this.#record(this.#find(name)?.metadata.uid ?? "")).vmm.pid;
  }

  /** When it was seen. */
  async #untilPrompt(name: string): Promise<number> {
    const prompt = new PromptSeen();
    const vmi = { namespace: NAMESPACE, name };
    const take = (bytes: Uint8Array) => Promise.resolve(prompt.see(bytes));
    await using opened = await waitUntil({
      what: `the console of ${name}`,
      timeoutMs: GUEST_TIMEOUT_MS,
      intervalMs: OPEN_INTERVAL_MS,
      look: () => GuestConsole.open({ connection: this.#connection, vmi, take }),
      until: () => true,
    });
    return await prompt.seen((bytes) => opened.type(bytes));
  }

  #find(name: string): VirtualMachineInstance | undefined {
    return this.#instances.get({ namespace: NAMESPACE, name });
  }

  async #record(uid: string): Promise<{ vmm: { pid: number }; startedAtMs: number }> {
    return JSON.parse(await Deno.readTextFile(`${this.#runDirectory}/vms/${uid}/record.json`));
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    try {
      await this.#instances.waitUntil(condition, { timeoutMs: GUEST_TIMEOUT_MS });
    } catch (cause) {
      throw new Error(`Cannot measure: waited in vain for ${what}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#client[Symbol.dispose]();
  }
}
