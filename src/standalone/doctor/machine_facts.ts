/** What a machine has, as far as running guests on it needs to know: read here, judged in `findings.ts`. */
import { CommandError, runCommand } from "../../node/run_command.ts";
import { isInLibraries } from "../../node/requirements.ts";

/** The distribution, by /etc/os-release. */
export interface OsRelease {
  /** "debian", "ubuntu", … */
  id: string;
  /** What it is derived from. */
  like: readonly string[];
  prettyName: string;
}

/** How a program answered when it was asked for its version. */
export type ProgramState = "runs" | "missing" | "fails";

export interface MachineFacts {
  os: OsRelease;
  uid: number;
  architecture: string;
  programs: Readonly<Record<ProgramName, ProgramState>>;
  libraries: Readonly<Record<LibraryName, boolean>>;
  firmware: boolean;
  /** Why each device cannot be used; `undefined`: it can. */
  devices: Readonly<Record<DeviceName, string | undefined>>;
  /** Names in /proc/filesystems. */
  filesystems: readonly string[];
  cgroups: CgroupFacts;
  memoryBytes: number;
  /** Of the file system that guests' disks go to; absent where it could not be asked. */
  freeBytes?: number;
  /** Why the native parts cannot be used; `undefined`: they can. */
  nativeParts: string | undefined;
}

export interface CgroupFacts {
  version: 1 | 2 | undefined;
  controllers: readonly string[];
}

/** Programs, and what each is called with to see that it runs. */
const PROGRAMS = {
  "qemu-system-x86_64": ["--version"],
  "qemu-img": ["--version"],
  ip: ["-V"],
  nft: ["--version"],
  nsenter: ["--version"],
  genisoimage: ["--version"],
  xorriso: ["--version"],
  skopeo: ["--version"],
} as const;
export type ProgramName = keyof typeof PROGRAMS;

const LIBRARIES = {
  libvirt: "libvirt.so.0",
  libvirtQemuDriver: "libvirt/connection-driver/libvirt_driver_qemu.so",
} as const;
export type LibraryName = keyof typeof LIBRARIES;

const DEVICES = ["/dev/kvm", "/dev/net/tun", "/dev/vhost-net"] as const;
export type DeviceName = typeof DEVICES[number];

const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const PROBE_TIMEOUT_MS = 10_000;
const CGROUP_ROOT = "/sys/fs/cgroup";
/** Those that limit a pod. */
const CGROUP_CONTROLLERS = ["cpu", "memory", "pids"] as const;

export interface FactSources {
  /** Where guests' disks will go, or a directory above it. */
  dataDirectory: string;
  /** Tries to load the native parts; answers why that is not possible. */
  nativeParts: () => string | undefined;
  /** Asks /dev/kvm whether machines can be made with it; answers why not. */
  proveKvm?: () => Promise<string | undefined>;
  signal: AbortSignal;
}

export async function readMachineFacts(sources: FactSources): Promise<MachineFacts> {
  const { dataDirectory, signal } = sources;
  const [os, programs, libraries, devices, filesystems, cgroups, freeBytes, firmware] =
    await Promise.all([
      readOsRelease(),
      all(Object.keys(PROGRAMS) as ProgramName[], (name) => programState(name, signal)),
      all(Object.keys(LIBRARIES) as LibraryName[], (name) => isInLibraries(LIBRARIES[name])),
      all([...DEVICES], (path) => whyUnusable(path, sources.proveKvm)),
      readFilesystems(),
      readCgroups(),
      readFreeBytes(dataDirectory, signal),
      exists(FIRMWARE),
    ]);
  return {
    os,
    uid: Deno.uid() ?? -1,
    architecture: Deno.build.arch,
    programs,
    libraries,
    firmware,
    devices,
    filesystems,
    cgroups,
    memoryBytes: Deno.systemMemoryInfo().total,
    ...(freeBytes === undefined ? {} : { freeBytes }),
    nativeParts: sources.nativeParts(),
  };
}

async function all<K extends string, V>(
  keys: readonly K[],
  look: (key: K) => Promise<V>,
): Promise<Record<K, V>> {
  const entries = await Promise.all(keys.map(async (key) => [key, await look(key)] as const));
  return Object.fromEntries(entries) as Record<K, V>;
}

async function programState(name: ProgramName, signal: AbortSignal): Promise<ProgramState> {
  try {
    await runCommand([name, ...PROGRAMS[name]], { timeoutMs: PROBE_TIMEOUT_MS, signal });
    return "runs";
  } catch (error) {
    signal.throwIfAborted();
    const isMissing = error instanceof CommandError && error.cause instanceof Deno.errors.NotFound;
    return isMissing ? "missing" : "fails";
  }
}

async function whyUnusable(
  path: DeviceName,
  proveKvm: FactSources["proveKvm"],
): Promise<string | undefined> {
  try {
    (await Deno.open(path, { read: true, write: true })).close();
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? "is not there"
      : `does not open: ${error instanceof Error ? error.message : error}`;
  }
  return path === "/dev/kvm" ? await proveKvm?.() : undefined;
}

async function readOsRelease(): Promise<OsRelease> {
  const text = await readText("/etc/os-release");
  const fields = new Map(
    [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, key = "", value = ""]) => [
      key,
      value,
    ]),
  );
  return {
    id: fields.get("ID") ?? "unknown",
    like: (fields.get("ID_LIKE") ?? "").split(" ").filter((name) => name !== ""),
    prettyName: fields.get("PRETTY_NAME") ?? "an unknown system",
  };
}

async function readFilesystems(): Promise<string[]> {
  const text = await readText("/proc/filesystems");
  return text.split("\n").flatMap((line) => line.split("\t").at(-1) || []);
}

async function readCgroups(): Promise<CgroupFacts> {
  const unified = await readText(`${CGROUP_ROOT}/cgroup.controllers`);
  if (unified !== "") return { version: 2, controllers: unified.trim().split(/\s+/) };
  const present = await all(CGROUP_CONTROLLERS, (name) => exists(`${CGROUP_ROOT}/${name}`));
  const controllers = CGROUP_CONTROLLERS.filter((name) => present[name]);
  return { version: controllers.length === 0 ? undefined : 1, controllers };
}

/** Of the nearest directory above that is there already. */
async function readFreeBytes(path: string, signal: AbortSignal): Promise<number | undefined> {
  let nearest = path;
  while (nearest !== "/" && !await exists(nearest)) {
    nearest = nearest.replace(/\/[^/]*$/, "") || "/";
  }
  try {
    const command = ["stat", "--file-system", "--format=%a %S", nearest];
    const { stdout } = await runCommand(command, { timeoutMs: PROBE_TIMEOUT_MS, signal });
    const [blocks, size] = stdout.trim().split(" ").map(Number);
    return (blocks ?? NaN) * (size ?? NaN);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
