/**
 * denovirt-node: the agent of one Kubernetes node. It constructs everything and starts it; nothing else reads flags or the
 * environment. Each subcommand loads what it needs and no more: loading is most of what a start takes.
 *
 * Its identity (ServiceAccount kubevirt/denovirt-node with a token that is bound to its node, or the kubelet's own) needs
 * these rules, which deploy/node_policy.yaml narrows to its own node's objects:
 *
 *   kubevirt.io             virtualmachineinstances      get, list, watch, patch
 *   kubevirt.io             kubevirts                    get, list, watch
 *   ""                      pods                         get, list, watch
 *   ""                      pods/status                  patch
 *   ""                      nodes                        get, patch
 *   ""                      events                       create, patch
 *   certificates.k8s.io     certificatesigningrequests   create, get
 *   ""                      configmaps (kubevirt-ca)     get, in the installation's namespace
 *
 * It runs as root in the node's PID and network namespaces and sees the kubelet's directory (pods and device-plugins) and
 * /dev as the node does.
 * Debian packages: qemu-system-x86, qemu-utils, libvirt0, libvirt-daemon-driver-qemu, iproute2, nftables, util-linux,
 * xorriso or genisoimage; ovmf for UEFI guests.
 */
import denoConfig from "../deno.json" with { type: "json" };
import { NativeLibrary } from "./hypervisor/native/native.ts";
import { UnpackedParts } from "./hypervisor/native/unpack.ts";
import {
  type Directories,
  type DoctorConfig,
  type NodeConfig,
  runCommandLine,
  type RunConfig,
  type StandaloneConfig,
  USAGE_ERROR,
} from "./node/config.ts";
import { JsonLogger, writeStandardError } from "./runtime/log.ts";
import type { Terminal } from "./standalone/run/attach_console.ts";

/** Survives a restart of the node. Where /run is mounted noexec, the native parts of a compiled program go here. */
const STATE_DIRECTORY = "/var/lib/denovirt";

/** Everything that lives as long as the agent. */
async function runAgent(config: NodeConfig): Promise<void> {
  const [{ Agent }, { FetchClient }, { LibvirtHypervisor }] = await Promise.all([
    import("./node/agent.ts"),
    import("./kube/fetch_client.ts"),
    import("./hypervisor/libvirt/libvirt_hypervisor.ts"),
  ]);
  const log = new JsonLogger({ level: config.logLevel }).with({ node: config.nodeName });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      log.info("stopping: guests go on", { signal });
      stop.abort(new Error(`got ${signal}`));
    });
  }
  using client = new FetchClient({
    connection: await connectionOf(config),
    userAgent: `denovirt-node/${denoConfig.version}`,
  });
  using parts = await ownNativeParts(config);
  using native = NativeLibrary.load(parts.directory);
  await using hypervisor = new LibvirtHypervisor({ native, runDirectory: config.runDirectory });
  const { nodeIp, port, unverifiableCallers } = config;
  const cluster = { nodeIp, port, unverifiableCallers };
  await new Agent({ config, log, client, native, hypervisor, cluster }).run(stop.signal);
  log.info("stopped");
}

async function connectionOf({ apiServer, kubeconfig }: NodeConfig) {
  const { inClusterConnection, kubeconfigConnection } = await import("./kube/connection.ts");
  if (kubeconfig !== undefined) return await kubeconfigConnection(kubeconfig);
  if (apiServer !== undefined) return await inClusterConnection(apiServer);
  throw new TypeError("Cannot reach an API server: give --kubeconfig, or run in a pod");
}

/** Of a compiled program they are inside it; otherwise beside the program that runs. Flags may name another directory. */
async function ownNativeParts(
  { nativeDirectory, runDirectory, stateDirectory = STATE_DIRECTORY }: Directories & {
    stateDirectory?: string;
  },
): Promise<{ directory: string } & Disposable> {
  if (nativeDirectory === undefined && Deno.build.standalone) {
    const embedded = new URL("./native/", import.meta.url);
    return await UnpackedParts.unpack({ embedded, parents: [runDirectory, stateDirectory] });
  }
  const beside = Deno.execPath().replace(/\/[^/]*$/, "");
  return { directory: nativeDirectory ?? beside, [Symbol.dispose]() {} };
}

const PROBE_TIMEOUT_MS = 30_000;

/** What an administrator asks before installing: do the native parts load here, and what do they find? */
async function probe(directories: Directories): Promise<void> {
  const { missingRequirements } = await import("./node/requirements.ts");
  using parts = await ownNativeParts(directories);
  using native = NativeLibrary.load(parts.directory);
  const patience = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const [kvm, missing] = await Promise.all([native.probeKvm(), missingRequirements(patience)]);
  const answer = { version: denoConfig.version, nativeDirectory: native.directory, kvm, missing };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
}

/** A package's download is not counted: it has a bound of its own. */
const DOCTOR_TIMEOUT_MS = 30 * 60_000;
/** Where the table goes to a file. */
const COLUMNS_DEFAULT = 100;
/** Guests cannot run here. */
const UNWELL = 1;

/** What a person asks before anything else. Works without native parts, and says that they are missing. */
async function doctor(config: DoctorConfig): Promise<void> {
  const { runDoctor } = await import("./standalone/doctor/doctor.ts");
  const print = (text: string) => void Deno.stdout.writeSync(new TextEncoder().encode(text));
  using parts = await ownNativeParts(config);
  using native = loadedNativeParts(parts.directory);
  const isTerminal = Deno.stdout.isTerminal();
  const isWell = await runDoctor({
    ...config,
    nativeParts: () => native.why,
    ...(native.library === undefined
      ? {}
      : { proveKvm: () => proveKvm(native.library as NativeLibrary) }),
    columns: isTerminal ? Deno.consoleSize().columns : COLUMNS_DEFAULT,
    colour: isTerminal && !Deno.noColor,
    print,
    say: (line) => void Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
    signal: AbortSignal.timeout(DOCTOR_TIMEOUT_MS),
  });
  if (!isWell) Deno.exitCode = UNWELL;
}

type LoadedParts = { library?: NativeLibrary; why?: string } & Disposable;

function loadedNativeParts(directory: string): LoadedParts {
  try {
    const library = NativeLibrary.load(directory);
    return { library, [Symbol.dispose]: () => library[Symbol.dispose]() };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error), [Symbol.dispose]() {} };
  }
}

async function proveKvm(native: NativeLibrary): Promise<string | undefined> {
  const { whyNoKvm } = await import("./node/device_plugins/node_device.ts");
  const { whyQemuCannotUseKvm } = await import("./node/qemu_kvm.ts");
  return await whyNoKvm(native) ?? await whyQemuCannotUseKvm();
}

/** A machine without a cluster: everything in this process. */
async function standalone(config: StandaloneConfig): Promise<void> {
  const { runStandalone } = await import("./standalone/command.ts");
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop.abort(new Error(`got ${signal}`)));
  }
  using parts = await ownNativeParts(config);
  using native = NativeLibrary.load(parts.directory);
  await runStandalone(config, { native, version: denoConfig.version, signal: stop.signal });
}

const TERMINAL: Terminal = {
  get input() {
    return Deno.stdin.readable;
  },
  output: async (bytes) => {
    for (let written = 0; written < bytes.length;) {
      written += await Deno.stdout.write(bytes.subarray(written));
    }
  },
  isTerminal: Deno.stdin.isTerminal(),
  raw: () => {
    if (!TERMINAL.isTerminal) return { [Symbol.dispose]() {} };
    Deno.stdin.setRaw(true);
    return { [Symbol.dispose]: () => Deno.stdin.setRaw(false) };
  },
};

/** As shells count: 128 and the signal's number. */
const EXIT_CODES: Partial<Record<Deno.Signal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
/** The guest failed, or its manifest cannot be run. */
const FAILED = 1;

/** One guest in the foreground. A first signal ends it gracefully, a second one at once. */
async function run(config: RunConfig): Promise<void> {
  const [{ runManifest }, { ManifestError }] = await Promise.all([
    import("./standalone/run/command.ts"),
    import("./standalone/run/manifest.ts"),
  ]);
  const [stop, hurry] = [new AbortController(), new AbortController()];
  let stoppedCode = 0;
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (stop.signal.aborted) return hurry.abort();
      stoppedCode = EXIT_CODES[signal] ?? 0;
      stop.abort(new Error(`got ${signal}`));
    });
  }
  const tell = (line: string) => writeStandardError(`${line}\n`);
  const loadNative = async (directories: { runDirectory: string; stateDirectory: string }) => {
    const parts = await ownNativeParts({ ...config, ...directories });
    const native = NativeLibrary.load(parts.directory);
    const dispose = () => [native, parts].forEach((each) => each[Symbol.dispose]());
    return { native, [Symbol.dispose]: dispose };
  };
  const running = runManifest(config, {
    loadNative,
    version: denoConfig.version,
    terminal: TERMINAL,
    tell,
    stop: stop.signal,
    hurry: hurry.signal,
  });
  const end = await running.catch((error) => {
    if (!(error instanceof ManifestError)) throw error;
    tell(error.message);
    return Deno.exit(FAILED);
  });
  if (end.how === "failed") tell(`Cannot run ${config.manifest}: ${end.why}`);
  // A read of standard input that nobody waits for any more would keep the process.
  Deno.exit(end.how === "stopped" ? stoppedCode : end.how === "failed" ? FAILED : 0);
}

if (import.meta.main) {
  try {
    const code = await runCommandLine({ args: Deno.args, env: Deno.env.toObject() }, {
      version: denoConfig.version,
      agent: runAgent,
      probe,
      doctor,
      standalone,
      run,
    });
    if (code !== 0) Deno.exit(code);
  } catch (error) {
    const isUsage = error instanceof TypeError &&
      /^Cannot (use these flags|install)/.test(error.message);
    if (!isUsage) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`${error.message}\n`));
    Deno.exit(USAGE_ERROR);
  }
}
