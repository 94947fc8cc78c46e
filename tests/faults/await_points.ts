/**
 * Preloaded into a real agent (`deno run --preload`): counts the awaits of the program and kills it at one of them.
 *
 * An await of the agent ends in something outside of it: a request to the API server, a file, a program, the native shim, the
 * socket of a domain process. Between two of these only memory changes, which SIGKILL takes along; so a kill before and
 * after each operation that changes something, and at each that only looks, is a kill at every await there is. The product
 * knows nothing of it: what it calls is wrapped before its first module is loaded.
 *
 * `DENOVIRT_AWAITS` holds an {@link AwaitPlan} as JSON.
 */

/** What to do at the awaits of one agent. */
export interface AwaitPlan {
  /** The points are appended to this file as they are passed: milliseconds since the epoch, a blank, and the name. */
  trace: string;
  /** Strings that differ from one run to another, and what they are called in names. */
  called: Readonly<Record<string, string>>;
  /** Points count from when this file is there. Absent: from the start. */
  armedBy?: string;
  /** The name of the point at which the agent dies. */
  dieAt?: string;
}

/** Operations that change nothing outside have one point; the others one on each side, programs also one between. */
type Kind = "looks" | "changes" | "runs a program";

const ENCODED_PLAN = Deno.env.get("DENOVIRT_AWAITS");
/** Parts of paths and arguments that are chosen anew each time, or counted over all lives. */
const RANDOM_PARTS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uid>"],
  [/(?<=\/seed-)[^/ ]+/, "<random>"],
  [/(?<=\/proc\/)\d+/, "<pid>"],
  [/(?<=certificatesigningrequests\/).*/, "<name>"],
  [/(?<=\/pods\/virt-launcher-[^/]+-)\d+/, "<number>"],
];

class AwaitPoints {
  readonly #plan: AwaitPlan;
  readonly #counts = new Map<string, number>();
  #armed = false;

  constructor(plan: AwaitPlan) {
    this.#plan = plan;
  }

  async pass<T>(what: string, kind: Kind, operation: () => T | Promise<T>): Promise<T> {
    const name = this.#nameOf(what);
    if (kind === "looks") {
      this.#at(name);
      return await operation();
    }
    this.#at(name && `${name} before`);
    const result = operation();
    if (kind === "runs a program") this.#at(name && `${name} during`);
    try {
      return await result;
    } finally {
      this.#at(name && `${name} after`);
    }
  }

  /** An operation that does not wait, but is polled between waits. */
  passNow(what: string): void {
    this.#at(this.#nameOf(what));
  }

  /** The same operation of another run has the same name; `undefined`: nobody counts yet. */
  #nameOf(what: string): string | undefined {
    this.#armed ||= this.#plan.armedBy === undefined || exists(this.#plan.armedBy);
    if (!this.#armed) return undefined;
    let label = what;
    for (const [text, name] of Object.entries(this.#plan.called)) {
      label = label.replaceAll(text, name);
    }
    for (const [pattern, name] of RANDOM_PARTS) label = label.replace(pattern, name);
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    return `${label} #${count}`;
  }

  #at(point: string | undefined): void {
    if (point === undefined) return;
    Deno.writeTextFileSync(this.#plan.trace, `${Date.now()} ${point}\n`, { append: true });
    if (point !== this.#plan.dieAt) return;
    Deno.kill(Deno.pid, "SIGKILL");
    for (;;); // until the signal is there
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

const LOOKING = ["readTextFile", "readFile", "lstat", "stat", "open"] as const;
const CHANGING = [
  "mkdir",
  "makeTempDir",
  "writeFile",
  "writeTextFile",
  "chmod",
  "chown",
  "rename",
  "remove",
  "copyFile",
  "link",
  "symlink",
] as const;
type AnyFunction = (...args: unknown[]) => unknown;

function wrapFiles(points: AwaitPoints): void {
  const deno = Deno as unknown as Record<string, AnyFunction>;
  const wrap = (names: readonly string[], kind: Kind) => {
    for (const name of names) {
      const original = deno[name];
      if (original === undefined) throw new Error(`Cannot count awaits: Deno.${name} is missing`);
      deno[name] = (...args) =>
        points.pass(`${name} ${pathOf(args[0])}`, kind, () => original.apply(Deno, args));
    }
  };
  wrap(LOOKING, "looks");
  wrap(CHANGING, "changes");
}

function pathOf(argument: unknown): string {
  if (typeof argument === "string" || argument instanceof URL) return String(argument);
  return (argument as { dir?: string } | undefined)?.dir ?? "";
}

function wrapPrograms(points: AwaitPoints): void {
  const Original = Deno.Command;
  Deno.Command = class extends Original {
    readonly #name: string;
    constructor(program: string | URL, options?: Deno.CommandOptions) {
      super(program, options);
      const [first = "", second = ""] = (options?.args ?? []).filter((arg) => !arg.startsWith("-"));
      this.#name = `run ${program} ${first} ${second.split("\n")[0]}`.trim();
    }
    override output(): Promise<Deno.CommandOutput> {
      return points.pass(this.#name, "runs a program", () => super.output());
    }
  };
}

/** Of a write it is told what it says. */
function wrapRequests(points: AwaitPoints): void {
  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const { pathname, searchParams } = new URL(String(input));
    const method = init?.method ?? "GET";
    const verb = searchParams.get("watch") === "true" ? "WATCH" : method;
    const what = `${verb} ${pathname}${gist(init?.body)}`;
    return points.pass(what, method === "GET" ? "looks" : "changes", () => original(input, init));
  };
}

interface Written {
  kind?: string;
  reason?: string;
  metadata?: { finalizers?: unknown };
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

function gist(body: unknown): string {
  if (typeof body !== "string") return "";
  const { kind, metadata, reason, status } = JSON.parse(body) as Written;
  if (kind === "Event") return ` ${reason}`;
  if (metadata?.finalizers !== undefined) return " last";
  if (status?.phase !== undefined) return ` ${status.phase}`;
  const [first] = status?.conditions ?? [];
  return first === undefined ? "" : ` ${first.type}=${first.status}`;
}

/** The sockets of domain processes: each request is one line. */
function wrapConnections(points: AwaitPoints): void {
  const original = Deno.connect as unknown as AnyFunction;
  const connect = async (options: { path?: string }) => {
    const name = options.path === undefined ? "tcp" : socketName(options.path);
    const connection = await points.pass(
      `connect ${name}`,
      "looks",
      () => original.call(Deno, options),
    ) as Deno.Conn;
    const write = connection.write.bind(connection);
    connection.write = (bytes) => {
      const { op = "?" } = JSON.parse(new TextDecoder().decode(bytes)) as { op?: string };
      const kind = op === "state" ? "looks" : "changes";
      return points.pass(`ask ${name} ${op}`, kind, () => write(bytes));
    };
    return connection;
  };
  (Deno as unknown as { connect: unknown }).connect = connect;
}

/** A socket may be named by its descriptor. */
function socketName(path: string): string {
  const named = path.startsWith("/proc/self/fd/") ? Deno.readLinkSync(path) : path;
  return named.split("/").at(-1) ?? named;
}

const LOOKING_SYMBOLS = new Set([
  "shim_kvm_probe",
  "shim_envelope_connect",
  "shim_read_beneath",
  "shim_shared_read",
  "shim_shared_socket",
]);
/** Do not wait and mean nothing to anybody outside. */
const SILENT_SYMBOLS = new Set(["shim_abi_version", "shim_close", "shim_envelope_alive"]);

function wrapNativeLibrary(points: AwaitPoints): void {
  const original = Deno.dlopen as unknown as (
    path: string,
    symbols: Record<string, { nonblocking?: boolean }>,
  ) => { symbols: Record<string, AnyFunction>; close(): void };
  const dlopen: typeof original = (path, described) => {
    const library = original.call(Deno, path, described);
    const symbols = Object.entries(library.symbols).map(([name, call]) => {
      if (SILENT_SYMBOLS.has(name)) return [name, call] as const;
      if (described[name]?.nonblocking !== true) {
        return [name, (...args: unknown[]) => {
          points.passNow(name);
          return call(...args);
        }] as const;
      }
      const kind = LOOKING_SYMBOLS.has(name) ? "looks" : "changes";
      return [name, (...args: unknown[]) => points.pass(name, kind, () => call(...args))] as const;
    });
    return { symbols: Object.fromEntries(symbols), close: () => library.close() };
  };
  (Deno as unknown as { dlopen: unknown }).dlopen = dlopen;
}

if (ENCODED_PLAN !== undefined) {
  const points = new AwaitPoints(JSON.parse(ENCODED_PLAN) as AwaitPlan);
  wrapFiles(points);
  wrapPrograms(points);
  wrapRequests(points);
  wrapConnections(points);
  wrapNativeLibrary(points);
}
