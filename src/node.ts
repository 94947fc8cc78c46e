/**
 * denovirt-node: the agent of one Kubernetes node. It constructs everything and starts it; nothing else reads flags or the
 * environment.
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
import { LibvirtHypervisor } from "./hypervisor/libvirt/libvirt_hypervisor.ts";
import { NativeLibrary } from "./hypervisor/native/native.ts";
import { UnpackedParts } from "./hypervisor/native/unpack.ts";
import { inClusterConnection, kubeconfigConnection } from "./kube/connection.ts";
import { FetchClient } from "./kube/fetch_client.ts";
import { Agent } from "./node/agent.ts";
import {
  type Directories,
  type DoctorConfig,
  type NodeConfig,
  runCommandLine,
  type StandaloneConfig,
} from "./node/config.ts";
import { whyNoKvm } from "./node/device_plugins/node_device.ts";
import { whyQemuCannotUseKvm } from "./node/qemu_kvm.ts";
import { missingRequirements } from "./node/requirements.ts";
import { JsonLogger } from "./runtime/log.ts";
import { runStandalone } from "./standalone/command.ts";
import { runDoctor } from "./standalone/doctor/doctor.ts";

/** Survives a restart of the node. Where /run is mounted noexec, the native parts of a compiled program go here. */
const STATE_DIRECTORY = "/var/lib/denovirt";

/** Everything that lives as long as the agent. */
async function runAgent(config: NodeConfig): Promise<void> {
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
  if (kubeconfig !== undefined) return await kubeconfigConnection(kubeconfig);
  if (apiServer !== undefined) return await inClusterConnection(apiServer);
  throw new TypeError("Cannot reach an API server: give --kubeconfig, or run in a pod");
}

/** Of a compiled program they are inside it; otherwise beside the program that runs. Flags may name another directory. */
async function ownNativeParts(
  { nativeDirectory, runDirectory }: Directories,
): Promise<{ directory: string } & Disposable> {
  if (nativeDirectory === undefined && Deno.build.standalone) {
    const embedded = new URL("./native/", import.meta.url);
    return await UnpackedParts.unpack({ embedded, parents: [runDirectory, STATE_DIRECTORY] });
  }
  const beside = Deno.execPath().replace(/\/[^/]*$/, "");
  return { directory: nativeDirectory ?? beside, [Symbol.dispose]() {} };
}

const PROBE_TIMEOUT_MS = 30_000;

/** What an administrator asks before installing: do the native parts load here, and what do they find? */
async function probe(directories: Directories): Promise<void> {
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
  return await whyNoKvm(native) ?? await whyQemuCannotUseKvm();
}

/** A machine without a cluster: everything in this process. */
async function standalone(config: StandaloneConfig): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop.abort(new Error(`got ${signal}`)));
  }
  using parts = await ownNativeParts(config);
  using native = NativeLibrary.load(parts.directory);
  await runStandalone(config, { native, version: denoConfig.version, signal: stop.signal });
}

/** Bad flags: one line for people, and code 2. */
const USAGE_ERROR = 2;

if (import.meta.main) {
  try {
    await runCommandLine({ args: Deno.args, env: Deno.env.toObject() }, {
      version: denoConfig.version,
      agent: runAgent,
      probe,
      doctor,
      standalone,
    });
  } catch (error) {
    if (!(error instanceof TypeError && /^Cannot (use these flags|install)/.test(error.message))) {
      throw error;
    }
    Deno.stderr.writeSync(new TextEncoder().encode(`${error.message}\n`));
    Deno.exit(USAGE_ERROR);
  }
}
