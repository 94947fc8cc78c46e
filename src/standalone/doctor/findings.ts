/**
 * What the facts of a machine mean for guests on it, and what to do about each: pure.
 *
 *   ok       nothing to do
 *   limited  guests run, but not as well as they could
 *   missing  no guest runs before this is done
 */
import type { DeviceName, LibraryName, MachineFacts, ProgramName } from "./machine_facts.ts";

const STATES = ["ok", "limited", "missing"] as const;
export type FindingState = typeof STATES[number];

export interface Finding {
  name: string;
  state: FindingState;
  /** What it is for, or why it is not well. */
  detail: string;
  /** A command for a shell; absent where no command helps. */
  fix?: string;
  /** Debian packages that would bring it. */
  packages?: readonly string[];
}

/** The Debian packages, each with the programs it brings. */
const PACKAGES: readonly { purpose: string; package: string; programs: readonly ProgramName[] }[] =
  [
    {
      purpose: "runs guests",
      package: "qemu-system-x86",
      programs: ["qemu-system-x86_64"],
    },
    { purpose: "makes disks", package: "qemu-utils", programs: ["qemu-img"] },
    { purpose: "makes guests' networks", package: "iproute2", programs: ["ip"] },
    { purpose: "translates guests' addresses", package: "nftables", programs: ["nft"] },
    { purpose: "enters guests' namespaces", package: "util-linux", programs: ["nsenter"] },
    {
      purpose: "makes cloud-init disks",
      package: "genisoimage",
      programs: ["genisoimage", "xorriso"],
    },
    { purpose: "fetches container images", package: "skopeo", programs: ["skopeo"] },
  ];
const LIBRARIES: readonly [LibraryName, string, string][] = [
  ["libvirt", "libvirt", "libvirt0"],
  ["libvirtQemuDriver", "libvirt's QEMU driver", "libvirt-daemon-driver-qemu"],
];
const DEVICES: readonly [DeviceName, FindingState, string, string][] = [
  [
    "/dev/kvm",
    "limited",
    "guests are emulated, at a tenth of the speed",
    "modprobe -a kvm_intel kvm_amd",
  ],
  ["/dev/net/tun", "missing", "guests have no network", "modprobe tun"],
  ["/dev/vhost-net", "limited", "guests' networks are slower", "modprobe vhost_net"],
];
const CONTROLLERS = ["cpu", "memory", "pids"] as const;

const MIB = 1024 * 1024;
/** The agent, libvirt's driver and a small guest. */
const MEMORY_BYTES_MIN = 512 * MIB;
/** An image, its unpacked copy and what a guest writes. */
const FREE_BYTES_MIN = 1024 * MIB;

const APT = "apt-get install --no-install-recommends --yes";

/** In the order in which they are best put right. */
export function findings(facts: MachineFacts): Finding[] {
  return [
    privileges(facts),
    architecture(facts),
    ...PACKAGES.map((each) => programs(each, facts)),
    ...LIBRARIES.map(([name, title, debianPackage]) =>
      installed(title, facts.libraries[name], { detail: "starts guests", debianPackage })
    ),
    installed("UEFI firmware", facts.firmware, {
      detail: "for guests that boot by UEFI",
      debianPackage: "ovmf",
      otherwise: "limited",
    }),
    ...DEVICES.map(([path, otherwise, consequence, fix]) =>
      device(path, facts, { otherwise, consequence, fix })
    ),
    overlay(facts),
    cgroups(facts),
    memory(facts),
    disk(facts),
    nativeParts(facts),
  ];
}

/** Whether guests can run. */
export function isWell(found: readonly Finding[]): boolean {
  return found.every(({ state }) => state !== "missing");
}

/** Packages that would put something right, in order and once each. */
export function wantedPackages(found: readonly Finding[]): string[] {
  return [...new Set(found.flatMap(({ packages = [] }) => packages))];
}

/** Debian, Ubuntu and what is derived from them. */
export function hasApt({ os }: Pick<MachineFacts, "os">): boolean {
  return [os.id, ...os.like].some((name) => name === "debian" || name === "ubuntu");
}

function privileges({ uid }: MachineFacts): Finding {
  const name = "root";
  if (uid === 0) return { name, state: "ok", detail: "makes namespaces, networks and mounts" };
  return { name, state: "missing", detail: `runs as uid ${uid}`, fix: "sudo -i" };
}

function architecture({ architecture, os }: MachineFacts): Finding {
  const name = "system";
  if (architecture === "x86_64") return { name, state: "ok", detail: `${os.prettyName}, x86_64` };
  return { name, state: "missing", detail: `guests run on x86_64 alone: got ${architecture}` };
}

function programs(
  { purpose, package: debianPackage, programs: names }: typeof PACKAGES[number],
  facts: MachineFacts,
): Finding {
  const states = names.map((name) => facts.programs[name]);
  const running = names.find((_, index) => states[index] === "runs");
  if (running !== undefined) return { name: running, state: "ok", detail: purpose };
  const name = names[0] ?? "";
  if (states.includes("fails")) {
    const detail = "is installed and does not run: ask it for --version";
    return { name, state: "missing", detail, fix: `apt-get install --reinstall ${debianPackage}` };
  }
  return installed(name, false, { detail: purpose, debianPackage });
}

function installed(
  name: string,
  isThere: boolean,
  { detail, debianPackage, otherwise = "missing" }: {
    detail: string;
    debianPackage: string;
    otherwise?: FindingState;
  },
): Finding {
  if (isThere) return { name, state: "ok", detail };
  return {
    name,
    state: otherwise,
    detail: `is not installed: ${detail}`,
    fix: `${APT} ${debianPackage}`,
    packages: [debianPackage],
  };
}

function device(
  path: DeviceName,
  facts: MachineFacts,
  { otherwise, consequence, fix }: { otherwise: FindingState; consequence: string; fix: string },
): Finding {
  const why = facts.devices[path];
  if (why === undefined) return { name: path, state: "ok", detail: "opens" };
  return { name: path, state: otherwise, detail: `${why}: ${consequence}`, fix };
}

function overlay({ filesystems }: MachineFacts): Finding {
  const name = "overlay file system";
  if (filesystems.includes("overlay")) return { name, state: "ok", detail: "roots of pods" };
  const detail = "the kernel does not know it";
  return { name, state: "missing", detail, fix: "modprobe overlay" };
}

function cgroups({ cgroups: { version, controllers } }: MachineFacts): Finding {
  const name = "cgroups";
  if (version === undefined) {
    const fix = "mount -t cgroup2 none /sys/fs/cgroup";
    return { name, state: "missing", detail: "none are mounted", fix };
  }
  const lacking = CONTROLLERS.filter((controller) => !controllers.includes(controller));
  if (lacking.length === 0) return { name, state: "ok", detail: `version ${version}` };
  const detail = `version ${version}, without ${lacking.join(", ")}: no limits there`;
  return { name, state: "limited", detail };
}

function memory({ memoryBytes }: MachineFacts): Finding {
  const name = "memory";
  const detail = `${inGib(memoryBytes)} in all`;
  if (memoryBytes >= MEMORY_BYTES_MIN) return { name, state: "ok", detail };
  return { name, state: "limited", detail: `${detail}: at least 0.5 GiB is good to have` };
}

function disk({ freeBytes }: MachineFacts): Finding {
  const name = "disk";
  if (freeBytes === undefined) {
    return { name, state: "limited", detail: "free space could not be asked for" };
  }
  const detail = `${inGib(freeBytes)} free for images and disks`;
  if (freeBytes >= FREE_BYTES_MIN) return { name, state: "ok", detail };
  return { name, state: "limited", detail: `${detail}: at least 1 GiB is good to have` };
}

function nativeParts({ nativeParts: why }: MachineFacts): Finding {
  const name = "native parts";
  if (why === undefined) return { name, state: "ok", detail: "load" };
  return { name, state: "missing", detail: why, fix: "deno task native" };
}

function inGib(bytes: number): string {
  return `${(bytes / (1024 * MIB)).toFixed(1)} GiB`;
}
