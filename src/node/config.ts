/** Flags and environment of denovirt-node, parsed once. */
import { Command } from "commander";
import * as z from "zod";
import { UNVERIFIABLE_CALLERS } from "../runtime/unverifiable_callers.ts";

const DEFAULT_RUN_DIRECTORY = "/run/denovirt";
/** Images, disks and objects of a machine without a cluster. */
export const DEFAULT_DATA_DIRECTORY = "/var/lib/denovirt";

/** Of shells, and of who asks for a name or a password. */
export const PROMPT_DEFAULT = "([#$%>]|login:|[Pp]assword:) ?$";

/** Where the program's own files are and go. */
const Directories = z.object({
  runDirectory: z.string().startsWith("/"),
  /** Absent: where the program finds or unpacks its own. */
  nativeDirectory: z.string().startsWith("/").optional(),
});
export type Directories = z.infer<typeof Directories>;

export const NodeConfig = Directories.extend({
  nodeName: z.string().min(1, "is needed: give --node-name or NODE_NAME"),
  /** Absent: the Node object's InternalIP. */
  nodeIp: z.string().optional(),
  port: z.coerce.number().int().min(0).max(65535),
  kubeletRoot: z.string().startsWith("/"),
  kubeconfig: z.string().optional(),
  /** Where the API server is, for a pod. */
  apiServer: z.object({ host: z.string(), port: z.string() }).optional(),
  namespace: z.string().min(1),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  unverifiableCallers: z.enum(UNVERIFIABLE_CALLERS),
});
export type NodeConfig = z.infer<typeof NodeConfig>;

/** What `doctor` is asked for. */
export const DoctorConfig = Directories.extend({
  install: z.boolean().default(false),
  output: z.enum(["table", "json"]).default("table"),
  dataDirectory: z.string().startsWith("/"),
});
export type DoctorConfig = z.infer<typeof DoctorConfig>;

/** What `standalone` is asked for. */
export const StandaloneConfig = Directories.extend({
  dataDirectory: z.string().startsWith("/"),
  listen: z.string().regex(/^[\w.-]+:\d{1,5}$/, "must be an address and a port: 127.0.0.1:6443"),
  nodeName: z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a name as hosts have it"),
  bridge: z.string().regex(/^[a-z][a-z0-9-]{0,14}$/, "must be the name of an interface"),
  podNetwork: z.string(),
  serviceNetwork: z.string(),
  images: z.array(z.string().startsWith("/")).default([]),
  imageCacheGib: z.coerce.number().min(0.1).max(100_000),
  stopGuests: z.boolean().default(false),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
});
export type StandaloneConfig = z.infer<typeof StandaloneConfig>;

/** What `run` is asked for. */
export const RunConfig = z.object({
  /** The path of the manifest. */
  manifest: z.string().min(1),
  nativeDirectory: z.string().startsWith("/").optional(),
  temporaryDirectory: z.string().startsWith("/"),
  namespace: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be a namespace's name"),
  /** Absent: one that is free. */
  podNetwork: z.string().optional(),
  images: z.array(z.string().startsWith("/")).default([]),
  prompt: z.string().refine(isPattern, "must be a regular expression"),
  startTimeoutSeconds: z.coerce.number().min(1).max(86_400),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
});
export type RunConfig = z.infer<typeof RunConfig>;

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
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

/** Parses the command line and runs what it asks for. Bad flags end the process with code 2 and a line for people. */
export async function runCommandLine(
  { args, env }: CommandLine,
  { version, agent, probe, doctor, standalone, run }: Subcommands & { version: string },
): Promise<void> {
  const program = new Command("denovirt-node")
    .description("Runs the virtual machines of one Kubernetes node")
    .version(version);
  program.command("agent", { isDefault: true })
    .description("serves the VirtualMachineInstances that are scheduled to this node")
    .option("--node-name <name>", "name of this node's Node object", env["NODE_NAME"])
    .option(
      "--node-ip <address>",
      "address the control plane reaches this agent at",
      env["NODE_IP"],
    )
    .option("--port <port>", "port for the control plane", "8186")
    .option("--kubelet-root <path>", "the kubelet's directory", "/var/lib/kubelet")
    .option("--run-directory <path>", "where running guests are kept", DEFAULT_RUN_DIRECTORY)
    .option("--native-directory <path>", "holds libdenovirt.so and denovirt-domain")
    .option("--kubeconfig <path>", "how to reach the API server from outside of the cluster")
    .option("--namespace <name>", "namespace of the installation", "kubevirt")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .option(
      "--unverifiable-callers <what>",
      "stop, or refuse: where the TLS stack cannot verify callers, serve none of them",
      "stop",
    )
    .action(async (flags: Record<string, unknown>) => {
      await agent(parseConfig(flags, env));
    });
  program.command("probe")
    .description("loads the native parts, says what this node offers as JSON, and ends")
    .option("--run-directory <path>", "where running guests are kept", DEFAULT_RUN_DIRECTORY)
    .option("--native-directory <path>", "holds libdenovirt.so and denovirt-domain")
    .action(async (flags: Record<string, unknown>) => {
      await probe(usable(Directories.safeParse(flags)));
    });
  program.command("doctor")
    .description("says what this machine has and lacks to run guests, with the command for each")
    .option("--install", "installs what is missing, on Debian and Ubuntu")
    .option("-o, --output <format>", "table or json", "table")
    .option("--data <path>", "where images and disks are to go", DEFAULT_DATA_DIRECTORY)
    .option("--run-directory <path>", "where running guests are kept", DEFAULT_RUN_DIRECTORY)
    .option("--native-directory <path>", "holds libdenovirt.so and denovirt-domain")
    .action(async ({ data, ...flags }: Record<string, unknown>) => {
      await doctor(usable(DoctorConfig.safeParse({ ...flags, dataDirectory: data })));
    });
  program.command("standalone")
    .description("serves KubeVirt's API and runs its guests on this machine, without a cluster")
    .option("--data <path>", "objects, images and disks", DEFAULT_DATA_DIRECTORY)
    .option("--listen <address>", "address and port of the API", "127.0.0.1:6443")
    .option("--node-name <name>", "name of this machine's Node object", "localhost")
    .option("--bridge <name>", "the bridge that guests' pods are on", "denovirt0")
    .option("--pod-network <cidr>", "addresses of guests' pods", "10.213.0.0/20")
    .option("--service-network <cidr>", "addresses of Services", "10.213.16.0/20")
    .option("--images <directory...>", "more directories with images in archives (*.tar)")
    .option("--image-cache-gib <number>", "GiB that unpacked images may take", "50")
    .option("--stop-guests", "when it is told to stop, stops guests first; otherwise they go on")
    .option("--run-directory <path>", "where running guests are kept", DEFAULT_RUN_DIRECTORY)
    .option("--native-directory <path>", "holds libdenovirt.so and denovirt-domain")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .action(async ({ data, ...flags }: Record<string, unknown>) => {
      await standalone(usable(StandaloneConfig.safeParse({ ...flags, dataDirectory: data })));
    });
  program.command("run <manifest>")
    .description(
      "runs one VirtualMachine or VirtualMachineInstance in the foreground, with its console",
    )
    .option("--namespace <name>", "where objects go that name none", "default")
    // Not variadic: it would take the manifest for one more.
    .option("--images <directory>", "holds images in archives (*.tar); may be repeated", collect)
    .option("--start-timeout <seconds>", "how long the guest may take until it runs", "600")
    .option(
      "--prompt <pattern>",
      "when a piped line is typed: the guest's last line",
      PROMPT_DEFAULT,
    )
    .option("--temporary <path>", "for images and disks, while the guest runs", "/var/tmp")
    .option("--pod-network <cidr>", "addresses of guests' pods; a free one of 10.214.0.0/16")
    .option("--native-directory <path>", "holds libdenovirt.so and denovirt-domain")
    .option("--log-level <level>", "debug, info, warn or error", "error")
    .action(async (manifest: string, flags: Record<string, unknown>) => {
      const { temporary, startTimeout, ...others } = flags;
      const renamed = { temporaryDirectory: temporary, startTimeoutSeconds: startTimeout };
      await run(usable(RunConfig.safeParse({ ...others, ...renamed, manifest })));
    });
  await program.parseAsync([...args], { from: "user" });
}

/** @throws TypeError naming each flag that cannot be used. */
export function parseConfig(
  flags: Readonly<Record<string, unknown>>,
  env: CommandLine["env"],
): NodeConfig {
  const [host, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
  const apiServer = host && port ? { apiServer: { host, port } } : {};
  return usable(NodeConfig.safeParse({ nodeName: "", ...flags, ...apiServer }));
}

function usable<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new TypeError(`Cannot use these flags: ${problems.join("; ")}`);
}
