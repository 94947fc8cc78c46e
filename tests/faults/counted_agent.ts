/** The node agent as a process: the program itself, with its awaits counted and, if asked for, a moment to die at. */
import type { AwaitPlan } from "./await_points.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const AWAIT_POINTS = new URL("./await_points.ts", import.meta.url).pathname;

export interface AgentOptions {
  nodeName: string;
  kubeconfig: string;
  runDirectory: string;
  kubeletRoot: string;
  nativeDirectory: string;
  awaits: AwaitPlan;
}

/** One line of its log, as far as tests read it. */
export interface LogLine {
  time: string;
  level: string;
  message: string;
  uid?: string;
  kind?: string;
  state?: string;
  [field: string]: unknown;
}

/** A point that was passed. */
export interface PassedAwait {
  name: string;
  atMs: number;
}

export class CountedAgent implements AsyncDisposable {
  /** Just before it was executed, in milliseconds since the epoch. */
  readonly executedAtMs: number;
  readonly #child: Deno.ChildProcess;
  readonly #awaits: AwaitPlan;
  readonly #reading: Promise<void>;
  readonly #lines: LogLine[] = [];
  #ended: Deno.CommandStatus | undefined;

  private constructor(child: Deno.ChildProcess, awaits: AwaitPlan, executedAtMs: number) {
    this.#child = child;
    this.#awaits = awaits;
    this.executedAtMs = executedAtMs;
    this.#reading = this.#read();
  }

  static start(options: AgentOptions): CountedAgent {
    const { awaits, kubeconfig, kubeletRoot, nativeDirectory, nodeName, runDirectory } = options;
    const executedAtMs = Date.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-all",
        `--preload=${AWAIT_POINTS}`,
        `${ROOT}src/node.ts`,
        `--node-name=${nodeName}`,
        "--node-ip=127.0.0.1",
        "--port=0",
        `--kubeconfig=${kubeconfig}`,
        `--kubelet-root=${kubeletRoot}`,
        `--run-directory=${runDirectory}`,
        `--native-directory=${nativeDirectory}`,
      ],
      cwd: ROOT,
      env: { DENOVIRT_AWAITS: JSON.stringify(awaits) },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    return new CountedAgent(child, awaits, executedAtMs);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Everything it has logged. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** How it ended; `undefined`: it runs. */
  get ended(): Deno.CommandStatus | undefined {
    return this.#ended;
  }

  /** Of what it logged: the first line of this message about this domain. */
  find(message: string, uid: string): LogLine | undefined {
    return this.#lines.find((line) => line.message === message && line.uid === uid);
  }

  /** The points it has passed, in order. */
  async passed(): Promise<PassedAwait[]> {
    const text = await Deno.readTextFile(this.#awaits.trace).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    return text.split("\n").filter((line) => line !== "").map((line) => {
      const blank = line.indexOf(" ");
      return { atMs: Number(line.slice(0, blank)), name: line.slice(blank + 1) };
    });
  }

  /** SIGKILL, from outside; nothing where it has ended. */
  async kill(): Promise<void> {
    if (this.#ended === undefined) {
      try {
        this.#child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // ended in this moment
      }
    }
    await this.#child.status;
    await this.#reading;
  }

  async #read(): Promise<void> {
    const ending = this.#child.status.then((status) => void (this.#ended = status));
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this.#child.stderr) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#lines.push(parseLine(line));
    }
    await ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { time: "", level: "none", message: line }; // of the runtime
  }
}
