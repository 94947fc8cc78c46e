import { say, step } from "./progress.ts";
import { runCommand } from "./run_command.ts";

/** Debian packages by what needs them. */
const PURPOSES = {
  "running guests": [
    "libvirt0",
    "libvirt-daemon-driver-qemu",
    "qemu-system-x86",
    "qemu-utils",
    "genisoimage",
    "iproute2",
    "nftables",
  ],
  "fetching images without a cluster": ["skopeo"],
  "a Kubernetes cluster on this machine": [
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iptables",
    "openssl",
    "curl",
    "procps",
    "util-linux",
  ],
  "building a guest of a kernel": ["busybox-static", "cpio", "kmod", "ca-certificates"],
  "building disks of guests": ["mmdebstrap", "e2fsprogs"],
  "ssh and scp by way of virtctl": ["openssh-client"],
  "building native code": ["gcc", "libc6-dev"],
} as const;

export type Purpose = keyof typeof PURPOSES;
const ALL = Object.keys(PURPOSES) as Purpose[];

/** The packages that are missing, with what they are for. */
export async function missingPackages(
  purposes: readonly Purpose[] = ALL,
): Promise<{ purpose: string; packages: string[] }[]> {
  const installed = new Set<string>();
  const all = purposes.flatMap((purpose) => PURPOSES[purpose]);
  // Exits with 1 when one is unknown, and still lists the others.
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package} ${db:Status-Status}\n", ...all],
    stderr: "null",
  }).output();
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    const [name, status] = line.split(" ");
    if (name && status === "installed") installed.add(name);
  }
  return purposes
    .map((purpose) => ({
      purpose,
      packages: PURPOSES[purpose].filter((name) => !installed.has(name)),
    }))
    .filter(({ packages }) => packages.length > 0);
}

/** Says what is for what, and installs it. */
export async function installPackages(
  wanted: readonly { purpose: string; packages: readonly string[] }[],
): Promise<void> {
  if (wanted.length === 0) return;
  for (const { purpose, packages } of wanted) {
    say(`installing for ${purpose}: ${packages.join(" ")}`);
  }
  const packages = wanted.flatMap((each) => each.packages);
  const command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends"];
  await updateLists();
  await step("apt-get install", () => runCommand([...command, ...packages], { env: ENVIRONMENT }));
}

/** Whether Debian has such a package for this machine. */
export async function isOffered(name: string): Promise<boolean> {
  await updateLists();
  return await runCommand(["apt-cache", "show", name]).then(() => true, () => false);
}

const ENVIRONMENT = { DEBIAN_FRONTEND: "noninteractive" };
let updated: Promise<unknown> | undefined;

/** Once a run. */
async function updateLists(): Promise<void> {
  const command = ["apt-get", "update", "-qq"];
  updated ??= step("apt-get update", () => runCommand(command, { env: ENVIRONMENT }));
  await updated;
}
