/** `denovirt-node run` as the program that it is, and what it must not leave behind. */
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { dirname } from "node:path";
import { Printed } from "../runner/printed.ts";
import { waitUntil } from "../cluster/wait_until.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Software emulation on two busy cores. */
const SLOW_MS = 180_000;
const CGROUPS = "/sys/fs/cgroup";

export interface RunProcessOptions {
  directory: string;
  nativeDirectory: string;
  manifest: string;
  /** Whether it sees a terminal at its standard input and output. */
  terminal?: boolean;
  flags?: readonly string[];
}

export class RunProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Printed;
  readonly #progress: Printed;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#output = new Printed(process.stdout);
    this.#progress = new Printed(process.stderr);
  }

  static async start(options: RunProcessOptions): Promise<RunProcess> {
    const { directory, manifest, nativeDirectory, flags = [], terminal = false } = options;
    const command = [
      ...[Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", `${ROOT}src/node.ts`],
      ...["run", `--temporary=${directory}`, `--native-directory=${nativeDirectory}`],
      ...[`--images=${dirname(await kernelGuestImage())}`, ...flags, manifest],
    ];
    const [program = "", ...args] = terminal
      ? ["script", "--quiet", "--return", "--command", command.join(" "), "/dev/null"]
      : command;
    const process = new Deno.Command(program, {
      args,
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new RunProcess(process);
  }

  /** What the guest wrote; at a terminal, progress too. */
  get output(): string {
    return this.#output.text;
  }

  get progress(): string {
    return this.#progress.text;
  }

  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  async endInput(): Promise<void> {
    await this.#input.close();
  }

  async until(what: string, is: (seen: string) => boolean): Promise<void> {
    await waitUntil({
      what,
      timeoutMs: SLOW_MS,
      look: () => Promise.resolve({ text: this.#text, isOver: this.#progress.isOver }),
      until: ({ text }) => is(text),
      tell: ({ text }) => text.slice(-1_500),
      hopeless: ({ isOver }) => isOver ? "it prints nothing more" : undefined,
    });
  }

  get #text(): string {
    return `${this.progress}${this.output}`;
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Resolves with its exit code. */
  async ended(): Promise<number> {
    const { code } = await this.#process.status;
    await Promise.all([this.#output.ended, this.#progress.ended]);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It ended by itself.
    }
    await this.ended();
  }

  /** What there still is of the run, by its name. */
  async leftovers(directory: string): Promise<string[]> {
    const [, name = ""] = /denovirt-run-([0-9a-f]+)\/kubeconfig/.exec(this.#text) ?? [];
    if (name === "") throw new Error(`Cannot tell its name: got ${this.progress}`);
    const places = [`${directory}/denovirt-run-${name}`, `/run/denovirt-run-${name}`];
    const cgroups = await Array.fromAsync(Deno.readDir(CGROUPS));
    for (const at of ["", ...cgroups.map((each) => `/${each.name}`)]) {
      places.push(`${CGROUPS}${at}/denovirt-run-${name}`);
    }
    const bridge = `denovirt${name}`.slice(0, 15);
    places.push(`/sys/class/net/${bridge}`);
    const found: string[] = [];
    for (const path of places) {
      if (await Deno.lstat(path).then(() => true, () => false)) found.push(path);
    }
    const { stdout } = await new Deno.Command("nft", { args: ["list", "tables"] }).output();
    const tables = new TextDecoder().decode(stdout).split("\n");
    const commands = await commandLines();
    return [
      ...found,
      ...tables.filter((line) => line.includes(bridge)),
      ...commands.filter((line) => line.includes(name)),
    ];
  }
}

async function commandLines(): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    lines.push(await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""));
  }
  return lines;
}
