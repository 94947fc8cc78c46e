/** What a node must have before a guest is put on it. Looked at with each heartbeat: packages come and go. */
import { CommandError, runCommand } from "./run_command.ts";

const PROBE_TIMEOUT_MS = 10_000;

/** Programs by what they are called with to see that they run, and the Debian package that has them. */
const PROGRAMS: readonly (readonly [command: readonly string[], debianPackage: string])[] = [
  [["qemu-system-x86_64", "--version"], "qemu-system-x86"],
  [["qemu-img", "--version"], "qemu-utils"],
  [["ip", "-V"], "iproute2"],
  [["nft", "--version"], "nftables"],
  [["nsenter", "--version"], "util-linux"],
];

/** libvirt is opened by name: any of the places the dynamic linker looks in. */
const LIBVIRT_DIRECTORIES: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/lib/x86_64-linux-gnu",
];
const LIBVIRT_FILES: readonly (readonly [file: string, debianPackage: string])[] = [
  ["libvirt.so.0", "libvirt0"],
  ["libvirt/connection-driver/libvirt_driver_qemu.so", "libvirt-daemon-driver-qemu"],
];

/** One sentence for each thing that is missing. */
export async function missingRequirements(signal: AbortSignal): Promise<string[]> {
  const missing: string[] = [];
  for (const [command, debianPackage] of PROGRAMS) {
    const why = await whyNotRunnable(command, signal);
    if (why !== undefined) missing.push(`${why} (Debian package ${debianPackage})`);
  }
  for (const [file, debianPackage] of LIBVIRT_FILES) {
    if (await isInLibraries(file)) continue;
    missing.push(`${file} is not installed (Debian package ${debianPackage})`);
  }
  return missing;
}

async function whyNotRunnable(
  command: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await runCommand(command, { timeoutMs: PROBE_TIMEOUT_MS, signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CommandError && error.cause instanceof Deno.errors.NotFound) {
      return `${command[0]} is not installed`;
    }
    return `${command[0]} does not run`;
  }
}

/** Whether the dynamic linker would find that file. */
export async function isInLibraries(file: string): Promise<boolean> {
  for (const directory of LIBVIRT_DIRECTORIES) {
    try {
      await Deno.stat(`${directory}/${file}`);
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return false;
}
