/**
 * Flags and environment of denovirt-node, parsed once. Commander checks each flag by itself and says which one cannot be used:
 * a library for schemas takes a tenth of a start to load.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS, type LogLevel } from "../runtime/log.ts";
import { UNVERIFIABLE_CALLERS, type UnverifiableCallers } from "../runtime/unverifiable_callers.ts";

const DEFAULT_RUN_DIRECTORY = "/run/denovirt";
/** Images, disks and objects of a machine without a cluster. */
export const DEFAULT_DATA_DIRECTORY = "/var/lib/denovirt";

/** Of shells, and of who asks for a name or a password. */
export const PROMPT_DEFAULT = "([#$%>]|login:|[Pp]assword:) ?$";

const PORT_MAX = 65_535;
const DAY_SECONDS = 86_400;

/** Where the program's own files are and go. */
export interface Directories {
  runDirectory: string;
  /** Absent: where the program finds or unpacks its own. */
  nativeDirectory?: string;
}

export interface NodeConfig extends Directories {
  nodeName: string;
  /** Absent: the Node object's InternalIP. */
  nodeIp?: string;
  port: number;
  kubeletRoot: string;
  kubeconfig?: string;
  /** Where the API server is, for a pod. */
  apiServer?: { host: string; port: string };
  namespace: string;
  logLevel: LogLevel;
  unverifiableCallers: UnverifiableCallers;
}

/** What `doctor` is asked for. */
export interface DoctorConfig extends Directories {
  install: boolean;
  output: "table" | "json";
  dataDirectory: string;
}

/** What `standalone` is asked for. */
export interface StandaloneConfig extends Directories {
  dataDirectory: string;
  /** An address and a port. */
  listen: string;
  nodeName: string;
  bridge: string;
  podNetwork: string;
  serviceNetwork: string;
  images: string[];
  imageCacheGib: number;
  stopGuests: boolean;
  logLevel: LogLevel;
}

/** What `run` is asked for. */
export interface RunConfig {
  /** The path of the manifest. */
  manifest: string;
  nativeDirectory?: string;
  temporaryDirectory: string;
  namespace: string;
  /** Absent: one that is free. */
  podNetwork?: string;
  images: string[];
  /** A regular expression. */
  prompt: string;
  startTimeoutSeconds: number;
  logLevel: LogLevel;
}

/** Where words to the person go; by default standard output and standard error. */
export interface Voice {
  write?: (text: string) => void;
  say?: (text: string) => void;
}

export interface CommandLine {
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

/** What the subcommands do, each with its configuration. */
export interface Subcommands {
  agent: (config: NodeConfig) => Promise<void>;
  probe: (directories: Directories) => Promise<void>;
  doctor: (config: DoctorConfig) => Promise<void>;
  standalone: (config: StandaloneConfig) => Promise<void>;
  run: (config: RunConfig) => Promise<void>;
}

/** The exit code of a command line that cannot be used; one line says what is wrong. */
export const USAGE_ERROR = 2;

/**
 * Parses the command line and runs what it asks for. Resolves with the exit code: 0 also for help and version, and 2 when a
 * flag cannot be used, which it says on standard error.
 */
export async function runCommandLine(
  { args, env }: CommandLine,
  { version, write, say, ...subcommands }: Subcommands & Voice & { version: string },
): Promise<number> {
  const program = new Command("denovirt-node")
    .description("Runs the virtual machines of one Kubernetes node")
    .version(version)
    .configureOutput({
      ...(write === undefined ? {} : { writeOut: write }),
      ...(say === undefined ? {} : { writeErr: say }),
    })
    .exitOverride();
  addAgent(program, subcommands, env);
  addProbe(program, subcommands);
  addDoctor(program, subcommands);
  addStandalone(program, subcommands);
  addRun(program, subcommands);
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE_ERROR;
  }
}

function addAgent(program: Command, { agent }: Subcommands, env: CommandLine["env"]): void {
  const command = program.command("agent", { isDefault: true })
    .description("serves the VirtualMachineInstances that are scheduled to this node")
    .option(
      "--node-name <name>",
      "name of this node's Node object, or NODE_NAME",
      env["NODE_NAME"],
    )
    .option(
      "--node-ip <address>",
      "address the control plane reaches this agent at",
      env["NODE_IP"],
    )
    .option("--port <port>", "port for the control plane", integer({ max: PORT_MAX }), 8186)
    .option("--kubelet-root <path>", "the kubelet's directory", absolutePath, "/var/lib/kubelet")
    .addOption(runDirectory())
    .addOption(nativeDirectory())
    .option("--kubeconfig <path>", "how to reach the API server from outside of the cluster")
    .option("--namespace <name>", "namespace of the installation", something, "kubevirt")
    .addOption(logLevel("info"))
    .addOption(
      new Option(
        "--unverifiable-callers <what>",
        "where the TLS stack cannot verify callers: stop, or serve none of them",
      ).choices(UNVERIFIABLE_CALLERS).default("stop"),
    );
  command.action(async (flags: Omit<NodeConfig, "apiServer">) => {
    if (!flags.nodeName) {
      command.error("error: --node-name is needed, or NODE_NAME", { exitCode: USAGE_ERROR });
    }
    const [host, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
    const apiServer = host && port ? { apiServer: { host, port } } : {};
    await agent({ ...flags, ...apiServer });
  });
}

function addProbe(program: Command, { probe }: Subcommands): void {
  program.command("probe")
    .description("loads the native parts, says what this node offers as JSON, and ends")
    .addOption(runDirectory())
    .addOption(nativeDirectory())
    .action(async (flags: Directories) => await probe(flags));
}

function addDoctor(program: Command, { doctor }: Subcommands): void {
  type Flags = Omit<DoctorConfig, "dataDirectory"> & { data: string };
  program.command("doctor")
    .description("says what this machine has and lacks to run guests, with the command for each")
    .option("--install", "installs what is missing, on Debian and Ubuntu", false)
    .addOption(
      new Option("-o, --output <format>", "for people or for machines")
        .choices(["table", "json"]).default("table"),
    )
    .option(
      "--data <path>",
      "where images and disks are to go",
      absolutePath,
      DEFAULT_DATA_DIRECTORY,
    )
    .addOption(runDirectory())
    .addOption(nativeDirectory())
    .action(async ({ data, ...flags }: Flags) => await doctor({ ...flags, dataDirectory: data }));
}

function addStandalone(program: Command, { standalone }: Subcommands): void {
  type Flags = Omit<StandaloneConfig, "dataDirectory"> & { data: string };
  program.command("standalone")
    .description("serves KubeVirt's API and runs its guests on this machine, without a cluster")
    .option("--data <path>", "objects, images and disks", absolutePath, DEFAULT_DATA_DIRECTORY)
    .option(
      "--listen <address>",
      "address and port of the API",
      matching(/^[\w.-]+:\d{1,5}$/, "an address and a port: 127.0.0.1:6443"),
      "127.0.0.1:6443",
    )
    .option(
      "--node-name <name>",
      "name of this machine's Node object",
      matching(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "a name as hosts have it"),
      "localhost",
    )
    .option(
      "--bridge <name>",
      "the bridge that guests' pods are on",
      matching(/^[a-z][a-z0-9-]{0,14}$/, "the name of an interface"),
      "denovirt0",
    )
    .option("--pod-network <cidr>", "addresses of guests' pods", "10.213.0.0/20")
    .option("--service-network <cidr>", "addresses of Services", "10.213.16.0/20")
    .addOption(
      images("--images <directory...>", "more directories with images in archives (*.tar)"),
    )
    .option(
      "--image-cache-gib <number>",
      "GiB that unpacked images may take",
      number({ min: 0.1, max: 100_000 }),
      50,
    )
    .option(
      "--stop-guests",
      "when it is told to stop, stops guests first; otherwise they go on",
      false,
    )
    .addOption(runDirectory())
    .addOption(nativeDirectory())
    .addOption(logLevel("info"))
    .action(async ({ data, ...flags }: Flags) => {
      await standalone({ ...flags, dataDirectory: data });
    });
}

function addRun(program: Command, { run }: Subcommands): void {
  type Renamed = "temporaryDirectory" | "startTimeoutSeconds" | "manifest";
  type Flags = Omit<RunConfig, Renamed> & { temporary: string; startTimeout: number };
  program.command("run")
    .argument("<manifest>", "a file with one of them, and with what it needs", something)
    .description(
      "runs one VirtualMachine or VirtualMachineInstance in the foreground, with its console",
    )
    .option(
      "--namespace <name>",
      "where objects go that name none",
      matching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "a namespace's name"),
      "default",
    )
    // Not variadic: it would take the manifest for one more.
    .addOption(images("--images <directory>", "holds images in archives (*.tar); may be repeated"))
    .option(
      "--start-timeout <seconds>",
      "how long the guest may take until it runs",
      number({ min: 1, max: DAY_SECONDS }),
      600,
    )
    .option(
      "--prompt <pattern>",
      "when a piped line is typed: the guest's last line",
      pattern,
      PROMPT_DEFAULT,
    )
    .option(
      "--temporary <path>",
      "for images and disks, while the guest runs",
      absolutePath,
      "/var/tmp",
    )
    .option("--pod-network <cidr>", "addresses of guests' pods; a free one of 10.214.0.0/16")
    .addOption(nativeDirectory())
    .addOption(logLevel("error"))
    .action(async (manifest: string, { temporary, startTimeout, ...flags }: Flags) => {
      const renamed = { temporaryDirectory: temporary, startTimeoutSeconds: startTimeout };
      await run({ ...flags, ...renamed, manifest });
    });
}

function runDirectory(): Option {
  return new Option("--run-directory <path>", "where running guests are kept")
    .argParser(absolutePath).default(DEFAULT_RUN_DIRECTORY);
}

function nativeDirectory(): Option {
  return new Option("--native-directory <path>", "holds libdenovirt.so and denovirt-domain")
    .argParser(absolutePath);
}

function images(flags: string, description: string): Option {
  return new Option(flags, description).argParser(absolutePaths).default([], "none");
}

function logLevel(level: LogLevel): Option {
  return new Option("--log-level <level>", "the least that is told")
    .choices(LOG_LEVELS).default(level);
}

function something(value: string): string {
  if (value === "") throw new InvalidArgumentError("It must not be empty.");
  return value;
}

function absolutePath(value: string): string {
  return matching(/^\//, "an absolute path")(value);
}

function absolutePaths(value: string, before: readonly string[]): string[] {
  return [...before, absolutePath(value)];
}

function pattern(value: string): string {
  try {
    new RegExp(value);
    return value;
  } catch (error) {
    throw new InvalidArgumentError(`It must be a regular expression: ${error}.`);
  }
}

/** @param what completes "It must be …" */
function matching(rule: RegExp, what: string): (value: string) => string {
  return (value) => {
    if (!rule.test(value)) throw new InvalidArgumentError(`It must be ${what}.`);
    return value;
  };
}

function number({ min, max }: { min: number; max: number }): (value: string) => number {
  return (value) => {
    const seen = value.trim() === "" ? NaN : Number(value);
    if (seen >= min && seen <= max) return seen;
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
  };
}

function integer({ max }: { max: number }): (value: string) => number {
  return (value) => {
    if (/^\d+$/.test(value) && Number(value) <= max) return Number(value);
    throw new InvalidArgumentError(`It must be an integer from 0 to ${max}.`);
  };
}
