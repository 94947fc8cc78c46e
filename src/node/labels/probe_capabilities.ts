import { killOnAbort } from "../kill_on_abort.ts";
import {
  type CapabilitiesAnswer,
  type NodeCapabilities,
  parseCapabilities,
} from "./capabilities.ts";

/** What runs guests' instructions: KVM, or QEMU itself. */
export type VirtualizationType = "kvm" | "qemu";

export interface ProbeOptions {
  /** Holds denovirt-domain. */
  nativeDirectory: string;
  /** The agent's; a directory "probe" is made in it for as long as this takes. */
  runDirectory: string;
  /** Where probes of QEMU are kept; libvirt sees for itself which still hold. */
  capabilitiesDirectory: string;
  type: VirtualizationType;
  signal: AbortSignal;
}

/** The program gives up after 180 s by itself. With what earlier probes left behind it takes 0.3 s. */
const TIMEOUT_MS = 200_000;
const ERROR_TEXT_MAX = 2_000;

/** Asks libvirt and QEMU, in a process that leaves nothing behind. */
export async function probeCapabilities(options: ProbeOptions): Promise<NodeCapabilities> {
  const { nativeDirectory, runDirectory, capabilitiesDirectory, type, signal } = options;
  const directory = `${runDirectory}/probe`;
  await removeDirectory(directory);
  await Deno.mkdir(directory, { recursive: true, mode: 0o711 });
  try {
    const program = `${nativeDirectory}/denovirt-domain`;
    const stdout = await run(
      [program, "capabilities", directory, capabilitiesDirectory, type],
      AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    );
    return parseCapabilities(JSON.parse(stdout) as CapabilitiesAnswer);
  } finally {
    await removeDirectory(directory);
  }
}

/** As PID 1 of a PID namespace: whatever it has started ends with it. */
async function run(command: readonly string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = new Deno.Command("unshare", {
    args: ["--pid", "--fork", "--kill-child=KILL", ...command],
    clearEnv: true,
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // unshare ignores the gentler signals.
  using _killing = killOnAbort(child, signal);
  const { success, stdout, stderr } = await child.output();
  signal.throwIfAborted();
  if (success) return new TextDecoder().decode(stdout);
  const why = new TextDecoder().decode(stderr).trim().slice(-ERROR_TEXT_MAX);
  throw new Error(`Cannot learn what guests of this node can have: ${why}`);
}

async function removeDirectory(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
