/** Flags and environment of the controller, read once. */
import { Command, CommanderError } from "commander";
import * as z from "zod";
import { LOG_LEVELS } from "./runtime/log.ts";
import { UNVERIFIABLE_CALLERS } from "./runtime/unverifiable_callers.ts";

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** A namespace and a name, or a name alone. */
const OBJECT = /^([a-z0-9][-a-z0-9]*\/)?[a-z0-9][-a-z0-9.]*$/;

const ControllerConfig = z.object({
  namespace: z.string().regex(NAME),
  envelopeImage: z.string().min(1),
  port: z.coerce.number().int().min(0).max(65535),
  hostname: z.string().min(1),
  kubeconfig: z.string().min(1).optional(),
  logLevel: z.enum(LOG_LEVELS),
  unverifiableCallers: z.enum(UNVERIFIABLE_CALLERS),
  /** Names this replica in leases: the pod's name. */
  identity: z.string().min(1),
});
export type ControllerConfig = z.infer<typeof ControllerConfig>;

const ExplainConfig = ControllerConfig.pick({ namespace: true, kubeconfig: true }).extend({
  kind: z.string().min(1),
  /** "namespace/name", or a name alone. */
  object: z.string().regex(OBJECT),
  envelopeImage: z.string(),
  output: z.enum(["json"]).optional(),
});
/** What `explain` is asked. */
export type ExplainConfig = z.infer<typeof ExplainConfig>;

/** What the command line asks for. */
export type ControllerCommand =
  | { type: "run"; config: ControllerConfig }
  | { type: "explain"; config: ExplainConfig }
  /** Help or version were printed, or the command line is wrong and that was said. */
  | { type: "exit"; code: number };

export interface CommandLine {
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  version: string;
  /** Used as identity where there is no pod name. */
  hostname: string;
}

/** Reads the command line; prints help, version and mistakes. */
export function parseControllerCommand(line: CommandLine): ControllerCommand {
  let chosen: ControllerCommand = { type: "exit", code: 0 };
  const program = new Command("denovirt-controller")
    .description("Webhooks, aggregated API and controllers of denovirt")
    .version(line.version)
    .exitOverride();
  program.command("run", { isDefault: true })
    .description("Serve and control until SIGTERM")
    .option(
      "--namespace <name>",
      "namespace of the installation",
      line.env.POD_NAMESPACE ?? "kubevirt",
    )
    .option("--envelope-image <image>", "image of the VM pods", line.env.ENVELOPE_IMAGE)
    .option("--port <number>", "HTTPS port of webhooks and aggregated API", "8443")
    .option("--hostname <address>", "address to listen on", "0.0.0.0")
    .option("--kubeconfig <file>", "how to reach the cluster; in a pod, its service account")
    .option("--log-level <level>", LOG_LEVELS.join(", "), "info")
    .option(
      "--unverifiable-callers <what>",
      "stop, or refuse: where the TLS stack cannot verify callers, serve webhooks alone",
      "stop",
    )
    .action((options: Record<string, unknown>) => {
      const identity = line.env.POD_NAME ?? line.hostname;
      chosen = runCommand(program, { ...options, identity });
    });
  program.command("explain <kind> <object>")
    .description("Say what a controller sees of an object and would do about it; does nothing")
    .option("--namespace <name>", "namespace of the installation", "kubevirt")
    .option("--envelope-image <image>", "image of the VM pods", line.env.ENVELOPE_IMAGE ?? "")
    .option("--kubeconfig <file>", "how to reach the cluster", line.env.KUBECONFIG)
    .option("-o, --output <format>", "json: everything, for machines")
    .action((kind: string, object: string, options: Record<string, unknown>) => {
      chosen = explainCommand(program, { ...options, kind, object });
    });
  try {
    program.parse([...line.args], { from: "user" });
    return chosen;
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return { type: "exit", code: error.exitCode };
    throw error;
  }
}

function runCommand(program: Command, options: Record<string, unknown>): ControllerCommand {
  const parsed = ControllerConfig.safeParse(options);
  return parsed.success
    ? { type: "run", config: parsed.data }
    : refuseOptions(program, parsed.error);
}

function explainCommand(program: Command, options: Record<string, unknown>): ControllerCommand {
  const parsed = ExplainConfig.safeParse(options);
  return parsed.success
    ? { type: "explain", config: parsed.data }
    : refuseOptions(program, parsed.error);
}

function refuseOptions(program: Command, error: z.ZodError): never {
  const problems = error.issues.map((issue) => `--${flagOf(issue.path)}: ${issue.message}`);
  program.error(`error: ${problems.join("; ")}`, { exitCode: 2 });
}

function flagOf(path: readonly PropertyKey[]): string {
  return path.join(".").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
