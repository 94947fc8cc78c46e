/**
 * The reference for what runs a guest: QEMU alone, spawned with the arguments that libvirt gave to a guest of the product's.
 * Only what was handed to it as a descriptor is a path here, its network QEMU's own, and its disk is a copy.
 */
import { connectSoon, firstByte } from "./first_byte.ts";
import { PromptSeen } from "./prompt_seen.ts";

const TIMEOUT_MS = 60_000;

/** Milliseconds since it was spawned. */
export interface BareStart {
  toFirstInstructionMs: number;
  /** With the firmware's time. */
  toFirstByteMs: number;
}

/** Milliseconds since its beginning. */
export interface ShellTime {
  toFirstInstructionMs: number;
  /** Of the guest's shell. */
  toPromptMs: number;
}

export class BareQemu implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #directory: string;
  readonly #spawnedAtMs: number;

  private constructor(process: Deno.ChildProcess, directory: string, spawnedAtMs: number) {
    this.#process = process;
    this.#directory = directory;
    this.#spawnedAtMs = spawnedAtMs;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The arguments of a QEMU that runs, for {@link BareQemu.spawn} in that directory. */
  static async argumentsOf(pid: number, directory: string): Promise<string[]> {
    const root = `/proc/${pid}/root`;
    const command = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0").slice(1, -1);
    let disks = 0;
    const own: string[] = [];
    for (const argument of command) {
      const written = /"filename":"([^"]+\.qcow2)"/.exec(argument)?.[1];
      if (written !== undefined) {
        const copy = `${directory}/disk${disks++}.qcow2`;
        await Deno.copyFile(`${root}${written}`, copy);
        own.push(argument.replace(written, copy));
      } else {
        own.push(
          argument
            .replace(/^(socket,id=(\w+)),fd=\d+/, `$1,path=${directory}/$2.sock`)
            .replace(/^\{"type":"tap","fd":"\d+"/, '{"type":"user"')
            .replace(/^\/run\/denovirt\/vm\//, `${root}$&`)
            .replace(/"(file|filename)":"\//, `"$1":"${root}/`),
        );
      }
    }
    return own;
  }

  /** Starts it as libvirt does: its CPUs wait. */
  static spawn(args: readonly string[], directory: string): BareQemu {
    const spawnedAtMs = Date.now();
    const process = new Deno.Command("qemu-system-x86_64", {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    return new BareQemu(process, directory, spawnedAtMs);
  }

  /** Lets its CPUs go as soon as it takes commands, and waits for the guest's first byte. */
  async start(): Promise<BareStart> {
    const said = firstByte(this.#serialPath, TIMEOUT_MS);
    const toFirstInstructionMs = await this.#letGo();
    const { atMs } = await said;
    return { toFirstInstructionMs, toFirstByteMs: atMs - this.#spawnedAtMs };
  }

  /** The same, until the guest shows a shell's prompt. */
  async startToPrompt(): Promise<ShellTime> {
    const prompt = new PromptSeen();
    using serial = await connectSoon(this.#serialPath, TIMEOUT_MS);
    const reading = (async () => {
      for await (const bytes of serial.readable) prompt.see(bytes);
    })();
    const toFirstInstructionMs = await this.#letGo();
    const seenAtMs = await prompt.seen((bytes) => serial.write(bytes));
    reading.catch(() => {}); // the end of the connection is its end
    return { toFirstInstructionMs, toPromptMs: seenAtMs - this.#spawnedAtMs };
  }

  get #serialPath(): string {
    return `${this.#directory}/charserial0.sock`;
  }

  /** As soon as it takes commands. Resolves with the milliseconds since it was spawned. */
  async #letGo(): Promise<number> {
    using monitor = await connectSoon(`${this.#directory}/charmonitor.sock`, TIMEOUT_MS);
    for (const execute of ["qmp_capabilities", "cont"]) {
      await monitor.write(new TextEncoder().encode(`${JSON.stringify({ execute })}\n`));
    }
    return await resumed(monitor) - this.#spawnedAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    for (const name of ["charmonitor", "charserial0", "charchannel0"]) {
      await Deno.remove(`${this.#directory}/${name}.sock`).catch(() => {});
    }
  }
}

/** When QEMU let the guest's CPUs go, by its own clock. */
async function resumed(monitor: Deno.Conn): Promise<number> {
  let text = "";
  for await (const chunk of monitor.readable.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const event = text.split("\n").find((line) => line.includes('"event": "RESUME"'));
    if (event === undefined || !text.endsWith("\n")) continue;
    const { timestamp } = JSON.parse(event) as {
      timestamp: { seconds: number; microseconds: number };
    };
    return timestamp.seconds * 1_000 + timestamp.microseconds / 1_000;
  }
  throw new Error(`Cannot start QEMU alone: its monitor said ${text}`);
}
