/** Joins a guest's console and whoever runs it, until one of them leaves. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Connection } from "../../kube/connection.ts";
import { keyOf } from "../../kube/object.ts";
import { sleep, SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { GuestConsole } from "./guest_console.ts";
import { PromptWatcher } from "./prompt_watcher.ts";
import { ScriptTypist, typeKeys } from "./terminal.ts";

/** The console is there a moment after the guest. */
const OPEN_TIMEOUT_MS = 30_000;
const OPEN_INTERVAL_MS = 100;

export interface Terminal {
  input: ReadableStream<Uint8Array>;
  /** Rejects when nobody reads any more. */
  output: (bytes: Uint8Array) => Promise<void>;
  /** Whether keys are pressed rather than lines piped. */
  isTerminal: boolean;
  /** Until it is disposed of, each key is passed on as it is pressed. */
  raw: () => Disposable;
}

export interface AttachOptions {
  connection: Connection;
  instance: VirtualMachineInstance | undefined;
  /** Resolves with the guest's end. */
  ended: Promise<void>;
  /** What a guest's last line looks like when it asks for input. */
  prompt: string;
  terminal: Terminal;
  tell: (text: string) => void;
  signal: AbortSignal;
}

/** Who left. */
export type Attached = "detached" | "ended";

/** Rejects on the abort. */
export async function attachConsole(options: AttachOptions): Promise<Attached> {
  const { ended, instance, signal, tell, terminal } = options;
  const aborted = rejectsOn(signal);
  const guest = ended.then((): Attached => "ended");
  if (instance === undefined) return "ended";
  if (instance.spec.domain.devices.autoattachSerialConsole === false) {
    tell("it has no serial console: Ctrl-C ends it");
    return await Promise.race([guest, aborted]);
  }
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const typist = new ScriptTypist(new PromptWatcher(new RegExp(options.prompt)));
  const take = async (bytes: Uint8Array) => {
    typist.see(bytes);
    await terminal.output(bytes);
  };
  try {
    await using console = await Promise.race([
      open({ ...options, instance, take, signal: either }),
      guest.then(() => undefined),
      aborted,
    ]);
    if (console === undefined) return "ended";
    using _raw = terminal.raw();
    const typing = type({ console, terminal, typist, signal: either });
    // Nobody reads any more: left as well.
    const closed = console.closed.then(() => "closed" as const, () => "detached" as const);
    const first = await Promise.race([typing, closed, guest, aborted]);
    if (first !== "closed") return first;
  } finally {
    over.abort();
  }
  // The guest's end is told by its instance. Otherwise somebody has taken the console.
  return await Promise.race([guest, aborted]);
}

/** Never resolves when what was piped in held nothing: the guest goes on. */
async function type(
  { console, terminal, typist, signal }: {
    console: GuestConsole;
    terminal: Terminal;
    typist: ScriptTypist;
    signal: AbortSignal;
  },
): Promise<Attached> {
  const typed = { input: terminal.input, console, signal };
  if (terminal.isTerminal) await typeKeys(typed);
  else if (!await typist.type(typed)) await new Promise<never>(() => {});
  return "detached";
}

async function open(
  { connection, instance, take, signal }: AttachOptions & {
    instance: VirtualMachineInstance;
    take: (bytes: Uint8Array) => Promise<void>;
  },
): Promise<GuestConsole | undefined> {
  const deadline = performance.now() + OPEN_TIMEOUT_MS;
  for (;;) {
    try {
      return await GuestConsole.open({ connection, vmi: keyOf(instance), take });
    } catch (error) {
      if (signal.aborted) return undefined;
      if (performance.now() > deadline) throw error;
    }
    await sleep(SYSTEM_CLOCK, OPEN_INTERVAL_MS, signal);
  }
}

function rejectsOn(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  promise.catch(() => {});
  return promise;
}
