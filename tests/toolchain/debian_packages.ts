import { say, step } from "./progress.ts";
import { runCommand } from "./run_command.ts";

/** Debian packages, and what in the tests needs them. */
const PURPOSES: readonly { purpose: string; packages: readonly string[] }[] = [
  {
    purpose: "running guests",
    packages: [
      "libvirt0",
      "libvirt-daemon-driver-qemu",
      "qemu-system-x86",
      "qemu-utils",
      "genisoimage",
      "iproute2",
      "nftables",
    ],
  },
  { purpose: "fetching images without a cluster", packages: ["skopeo"] },
  {
    purpose: "a Kubernetes cluster on this machine",
    packages: [
      "containerd",
      "runc",
      "containernetworking-plugins",
      "iptables",
      "openssl",
      "curl",
      "procps",
      "util-linux",
    ],
  },
  {
    purpose: "building guests and images",
    packages: ["busybox-static", "mmdebstrap", "e2fsprogs", "cpio", "kmod", "ca-certificates"],
  },
  { purpose: "building native code", packages: ["gcc", "libc6-dev"] },
];

/** The packages that are missing, with what they are for. */
export async function missingPackages(): Promise<{ purpose: string; packages: string[] }[]> {
  const installed = new Set<string>();
  const all = PURPOSES.flatMap((each) => each.packages);
  // Exits with 1 when one is unknown, and still lists the others.
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package} ${db:Status-Status}\n", ...all],
    stderr: "null",
  }).output();
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    const [name, status] = line.split(" ");
    if (name && status === "installed") installed.add(name);
  }
  return PURPOSES
    .map(({ purpose, packages }) => ({
      purpose,
      packages: packages.filter((name) => !installed.has(name)),
    }))
    .filter(({ packages }) => packages.length > 0);
}

/** Says what is missing and for what, and installs it. */
export async function installMissingPackages(): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  for (const { purpose, packages } of missing) {
    say(`installing for ${purpose}: ${packages.join(" ")}`);
  }
  await install(missing.flatMap((each) => each.packages));
}

/** For what only some runs need. */
export async function installPackages(purpose: string, packages: readonly string[]): Promise<void> {
  say(`installing for ${purpose}: ${packages.join(" ")}`);
  await install(packages);
}

async function install(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await step("apt-get update", () => runCommand(["apt-get", "update", "-qq"], { env }));
  const command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends"];
  await step("apt-get install", () => runCommand([...command, ...packages], { env }));
}
