/** One replica of the controller as a process of this machine. */
import { ADDRESS, freePort } from "../integration/controller_installation.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const LINE_TIMEOUT_MS = 60_000;

/** A line of its log. */
export interface LogLine {
  time: string;
  level: string;
  message: string;
  [field: string]: unknown;
}

export interface ReplicaOptions {
  kubeconfig: string;
  /** Differs for each replica. */
  name: string;
  /** @default the product's own */
  program?: string;
}

export class ControllerReplica implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly lines: LogLine[] = [];
  /** Resolves when it has ended, with its exit code; 137 and more: killed. */
  readonly ended: Promise<number>;
  #hasEnded = false;
  #isFrozen = false;
  readonly #child: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Set<() => void>();

  constructor({ kubeconfig, name, program = "src/controller.ts" }: ReplicaOptions) {
    this.name = name;
    this.port = freePort(ADDRESS);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--allow-all",
        ROOT + program,
        "run",
        `--kubeconfig=${kubeconfig}`,
        "--envelope-image=denovirt.local/envelope:dev",
        `--hostname=${ADDRESS}`,
        `--port=${this.port}`,
        "--log-level=debug",
      ],
      cwd: ROOT,
      env: { POD_NAME: name },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const orders = child.stdin.getWriter();
    this.#child = child;
    this.#orders = orders;
    const read = this.#read();
    this.ended = (async () => {
      const { code } = await child.status;
      await read;
      await orders.close().catch(() => {}); // The pipe went with the process.
      this.#hasEnded = true;
      this.#wake();
      return code;
    })();
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return !this.#hasEnded;
  }

  /** Writes a line to its stdin. */
  async order(what: unknown): Promise<void> {
    await this.#orders.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
  }

  kill(signal: Deno.Signal): void {
    this.#isFrozen = signal === "SIGSTOP";
    this.#child.kill(signal);
  }

  /** As a readiness probe would find it. */
  get isReady(): boolean {
    return !this.#hasEnded && !this.#isFrozen;
  }

  /** The first line from `from` on that is so; waits for it. */
  async line(
    what: string,
    isIt: (line: LogLine) => boolean,
    options: { from?: number; timeoutMs?: number } = {},
  ): Promise<LogLine> {
    const { from = 0, timeoutMs = LINE_TIMEOUT_MS } = options;
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).find(isIt);
      if (found !== undefined) return found;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || this.#hasEnded) {
        const why = this.#hasEnded ? "it has ended" : `not within ${timeoutMs} ms`;
        throw new Error(`Cannot find that ${this.name} ${what}: ${why}\n${this.tail()}`);
      }
      await this.#nextLine(leftMs);
    }
  }

  async serving(): Promise<void> {
    await this.line("serves", ({ message }) => message === "serving");
  }

  async leading(from = 0): Promise<LogLine> {
    return await this.line("leads", ({ message }) => message === "leading", { from });
  }

  tail(count = 30): string {
    return this.lines.slice(-count).map((line) => JSON.stringify(line)).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) {
      // Also of one that was stopped by a signal.
      for (const signal of ["SIGCONT", "SIGTERM"] as const) {
        try {
          this.#child.kill(signal);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error; // it ended by itself
        }
      }
    }
    await this.ended;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts.map(parseLine));
      this.#wake();
    }
  }

  #nextLine(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#waiting.add(finish);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text);
  } catch {
    return { time: new Date().toISOString(), level: "error", message: text };
  }
}
