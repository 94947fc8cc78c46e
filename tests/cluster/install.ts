import { say, step } from "../toolchain/progress.ts";
import type { Cluster } from "./cluster.ts";
import { diagnostics } from "./diagnostics.ts";
import { waitUntil } from "./wait_until.ts";

const DEPLOY = new URL("../../deploy", import.meta.url).pathname;
const READY_TIMEOUT_MS = 120_000;
const PROBE_TIMEOUT_MS = 300_000;

/**
 * Installs the product as its README says, and waits until it serves. Guests are emulated in software. The compiled
 * programs of an incomplete runtime offer no devices.
 */
export async function install(
  cluster: Cluster,
  { complete }: { complete: boolean } = { complete: true },
): Promise<void> {
  try {
    await step("installing deploy/", async () => {
      await cluster.kubectl(["apply", "--server-side", "-k", DEPLOY]);
      await rollout(cluster, "deployment/denovirt-controller");
      await rollout(cluster, "daemonset/denovirt-node");
      await available(cluster);
      await applyConfiguration(cluster);
      await schedulable(cluster);
      await capable(cluster, { tunSlots: complete ? "1k" : "" });
    });
  } catch (cause) {
    say(await diagnostics(cluster));
    throw cause;
  }
}

async function rollout(cluster: Cluster, workload: string): Promise<void> {
  const timeout = `--timeout=${READY_TIMEOUT_MS / 1000}s`;
  await cluster.kubectl(["-n", "kubevirt", "rollout", "status", workload, timeout]);
}

async function available(cluster: Cluster): Promise<void> {
  for (const version of ["v1", "v1alpha3"]) {
    await cluster.kubectl([
      "wait",
      "--for=condition=Available",
      `apiservice/${version}.subresources.kubevirt.io`,
      `--timeout=${READY_TIMEOUT_MS / 1000}s`,
    ]);
  }
}

/** deploy/kubevirt.yaml, with emulation allowed: these nodes have no fast KVM. */
async function applyConfiguration(cluster: Cluster): Promise<void> {
  const manifest = await Deno.readTextFile(`${DEPLOY}/kubevirt.yaml`);
  const emulated = manifest.replace("useEmulation: false", "useEmulation: true");
  if (emulated === manifest) throw new Error("Cannot find useEmulation in deploy/kubevirt.yaml");
  await waitUntil({
    what: "the KubeVirt object to be accepted",
    timeoutMs: READY_TIMEOUT_MS,
    look: () => cluster.apply(emulated),
    until: () => true,
  });
}

async function schedulable(cluster: Cluster): Promise<void> {
  await waitUntil({
    what: "all nodes to be schedulable for guests",
    timeoutMs: READY_TIMEOUT_MS,
    look: () =>
      cluster.kubectl(["get", "nodes", "-l", "kubevirt.io/schedulable=true", "-o", "name"]),
    until: (names) => names.trim().split("\n").filter(Boolean).length === cluster.nodes.length,
    tell: (names) => names.trim() || "none",
  });
}

/** The first probe of QEMU takes more than a minute where KVM is emulated itself; guests are not placed before it. */
async function capable(cluster: Cluster, { tunSlots }: { tunSlots: string }): Promise<void> {
  await waitUntil({
    what: "all nodes to say what guests they can run",
    timeoutMs: PROBE_TIMEOUT_MS,
    look: () =>
      cluster.kubectl([
        "get",
        "nodes",
        "-l",
        "machine-type.node.kubevirt.io/q35=true",
        "-o",
        "jsonpath={range .items[*]}{.status.allocatable.devices\\.kubevirt\\.io/tun};{end}",
      ]),
    until: (seen) => seen === cluster.nodes.map(() => `${tunSlots};`).join(""),
  });
}
