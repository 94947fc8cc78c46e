/** Whoever is at the other end of a console: a person at a terminal, or a script that is piped in. */
import { sleep, SYSTEM_CLOCK } from "../../runtime/clock.ts";
import type { GuestConsole } from "./guest_console.ts";
import type { PromptWatcher } from "./prompt_watcher.ts";

/** Ctrl-], as virtctl, telnet and virsh have it. */
export const DETACH_BYTE = 0x1d;
/** What a terminal sends for the return key. */
const ENTER = "\r";
/** A prompt that nothing follows for so long is one. */
const SETTLED_MS = 300;
const LOOK_INTERVAL_MS = 50;
/** A guest that says nothing may have shown its prompt before anybody was there to see it: asked again after twice the time. */
const QUIET_MS = 2_000;
const LINE_CHARACTERS_MAX = 64 * 1024;

export interface Typed {
  /** Until it ends or aborts. */
  input: ReadableStream<Uint8Array>;
  console: GuestConsole;
  signal: AbortSignal;
}

/** Every key goes to the guest but one. Resolves when that was pressed, or nobody is there any more. */
export async function typeKeys({ input, console, signal }: Typed): Promise<void> {
  const reader = input.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done || signal.aborted) return;
      const end = value.indexOf(DETACH_BYTE);
      await console.type(end < 0 ? value : value.subarray(0, end));
      if (end >= 0) return;
    }
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

export class ScriptTypist {
  readonly #watcher: PromptWatcher;
  readonly #decoder = new TextDecoder();
  #lastSeenMs = performance.now();
  #hasSeenPrompt = false;
  #patienceMs = QUIET_MS;

  constructor(watcher: PromptWatcher) {
    this.#watcher = watcher;
  }

  /** What the guest has written. */
  see(bytes: Uint8Array): void {
    this.#watcher.see(this.#decoder.decode(bytes, { stream: true }));
    this.#lastSeenMs = performance.now();
  }

  /**
   * Types a line whenever the guest asks for one, and resolves when it asks for one more. Without any line there is nothing
   * to wait for: resolves with `false`.
   */
  async type({ input, console, signal }: Typed): Promise<boolean> {
    let typed = false;
    for await (const line of linesOf(input)) {
      await this.#untilPrompt(console, signal);
      if (signal.aborted) return true;
      this.#watcher.clear();
      this.#lastSeenMs = performance.now();
      await console.type(new TextEncoder().encode(line + ENTER));
      typed = true;
    }
    if (typed) await this.#untilPrompt(console, signal);
    return typed;
  }

  async #untilPrompt(console: GuestConsole, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const quietMs = performance.now() - this.#lastSeenMs;
      if (this.#watcher.isAtPrompt && quietMs >= SETTLED_MS) {
        this.#hasSeenPrompt = true;
        return;
      }
      if (!this.#hasSeenPrompt && quietMs >= this.#patienceMs) {
        this.#lastSeenMs = performance.now();
        this.#patienceMs *= 2;
        await console.type(new TextEncoder().encode(ENTER));
      }
      await sleep(SYSTEM_CLOCK, LOOK_INTERVAL_MS, signal);
    }
  }
}

/** A last line without its end is one. Longer ones than a guest's line discipline takes are cut in pieces. */
async function* linesOf(input: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of input.pipeThrough(new TextDecoderStream() as never)) {
    rest += text;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield rest.slice(0, end).replace(/\r$/, "");
      rest = rest.slice(end + 1);
    }
    while (rest.length > LINE_CHARACTERS_MAX) {
      yield rest.slice(0, LINE_CHARACTERS_MAX);
      rest = rest.slice(LINE_CHARACTERS_MAX);
    }
  }
  if (rest !== "") yield rest;
}
