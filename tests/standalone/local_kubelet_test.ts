import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import {
  NAMESPACES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  SECRETS,
} from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { isHostOf, parseIpv4 } from "../../src/standalone/ipv4_range.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { startController } from "../integration/controller_process.ts";
import { type Behaviour, imageOf, writeGuestArchive } from "../real_node/guest_image.ts";
import { LocalNodeBed } from "./local_node_bed.ts";

/** A run that failed may have left one that does not go. */
const NAMESPACE = `local-kubelet-${Deno.pid}`;
/** Software emulation on busy cores. */
const SLOW_MS = 60_000;

Deno.test({
  name: `the local kubelet runs the pods of guests${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined || whyNoNativeParts() !== undefined,
  async fn(context) {
    const kubeconfig = TEST_KUBECONFIG ?? "";
    await using controller = await startController(kubeconfig, { logLevel: "info" });
    await using bed = await LocalNodeBed.start({ controller, nativeDirectory: nativeParts() });
    const { admin } = controller;
    await using _namespace = await namespace(admin);
    for (const behaviour of ["sleeps", "powers-off", "counts"] as const) {
      await writeGuestArchive(bed.archives, { behaviour, tag: "latest" });
    }
    const guests = new Guests(admin);
    const before = await traces(bed);

    await context.step("a guest starts, and its pod says so as a kubelet would", async () => {
      await guests.create("counts", "counts");
      const vmi = await guests.untilPhase("counts", "Running");
      const pod = await waitUntil({
        what: "the pod to be ready",
        timeoutMs: SLOW_MS,
        look: () => guests.pod("counts"),
        until: (seen) => condition(seen, "Ready") === "True",
      });
      assert.equal(pod?.status?.phase, "Running");
      const reasons = pod.status?.conditions?.flatMap(({ reason }) => reason ?? []);
      assert.deepEqual(reasons, [], "what holds needs no reason");
      assert.equal(vmi.status?.interfaces?.[0]?.ipAddress, pod.status?.podIP);
      assert.ok(isHostOf(bed.network.range, parseIpv4(pod.status?.podIP ?? "") ?? NaN));
      assert.ok(pod.status?.containerStatuses?.every(({ state }) => state?.running !== undefined));
      assert.equal((await emulators(bed)).length, 1);
    });

    await context.step("a guest lives on without it, and is adopted by the next", async () => {
      const first = await guests.pod("counts");
      const [emulator] = await emulators(bed);
      await bed.stopKubelet();
      assert.deepEqual(await emulators(bed), [emulator]);
      bed.startKubelet();
      await guests.create("second", "sleeps");
      await guests.untilPhase("second", "Running");
      const second = await guests.pod("second");
      assert.notEqual(second?.status?.podIP, first?.status?.podIP);
      assert.equal((await guests.pod("counts"))?.status?.phase, "Running");
      assert.ok((await emulators(bed)).includes(emulator ?? NaN));
    });

    await context.step("a guest that powers off leaves a pod that has succeeded", async () => {
      await guests.create("off", "powers-off");
      await guests.untilPhase("off", "Succeeded");
      const pod = await waitUntil({
        what: "the pod to have ended",
        timeoutMs: SLOW_MS,
        look: () => guests.pod("off"),
        until: (seen) => seen?.status?.phase !== "Running",
      });
      assert.equal(pod?.status?.phase, "Succeeded");
      assert.deepEqual(
        pod.status?.containerStatuses?.map(({ state }) => state?.terminated?.exitCode),
        pod.status?.containerStatuses?.map(() => 0),
      );
    });

    await context.step("an image that is nowhere is told, and tried again", async () => {
      await guests.create("nowhere", undefined);
      const vmi = await waitUntil({
        what: "the missing image to be told",
        timeoutMs: SLOW_MS,
        look: () => guests.vmi("nowhere"),
        until: (seen) =>
          seen?.status?.conditions?.some(({ reason }) =>
            reason === "ErrImagePull" || reason === "ImagePullBackOff"
          ) ?? false,
      });
      assert.ok(vmi);
      const pod = await guests.pod("nowhere");
      assert.equal(pod?.status?.phase, "Pending");
    });

    await context.step("a claim becomes a directory with a disk, and goes with it", async () => {
      const key = { namespace: NAMESPACE, name: "data" };
      await admin.create(PERSISTENT_VOLUME_CLAIMS, {
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
      }, { namespace: NAMESPACE });
      await guests.create("claimed", "sleeps", { claim: "data" });
      await guests.untilPhase("claimed", "Running");
      const claims = await Array.fromAsync(Deno.readDir(`${bed.directory}/claims`));
      assert.equal(claims.length, 1);
      await guests.delete("claimed");
      await admin.delete(PERSISTENT_VOLUME_CLAIMS, key);
      await waitUntil({
        what: "the claim's directory to go",
        timeoutMs: SLOW_MS,
        look: () => Array.fromAsync(Deno.readDir(`${bed.directory}/claims`)),
        until: (left) => left.length === 0,
      });
    });

    await context.step("a secret reaches the guest's seed by memory alone", async () => {
      await admin.create(SECRETS, {
        metadata: { name: "user-data" },
        stringData: { userdata: "#cloud-config\n" },
      }, { namespace: NAMESPACE });
      await guests.create("seeded", "sleeps", { secret: "user-data" });
      await guests.untilPhase("seeded", "Running");
    });

    await context.step("nothing is left of guests that were deleted", async () => {
      for (const name of ["counts", "second", "off", "nowhere", "seeded"]) {
        await guests.delete(name);
      }
      await waitUntil({
        what: "the machine to be as it was",
        timeoutMs: SLOW_MS,
        look: () => traces(bed),
        until: (seen) => seen.every((each) => before.includes(each)),
        tell: (seen) => seen.join("; "),
      });
    });
  },
});

class Guests {
  constructor(readonly client: FetchClient) {}

  async create(
    name: string,
    behaviour: Behaviour | undefined,
    { claim, secret }: { claim?: string; secret?: string } = {},
  ): Promise<void> {
    const disk = (name: string) => ({ name, disk: { bus: "virtio" } });
    const image = behaviour === undefined ? "127.0.0.1:9/nowhere:1" : imageOf(behaviour);
    await this.client.create(VIRTUAL_MACHINE_INSTANCES, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        domain: {
          memory: { guest: "32Mi" },
          devices: {
            disks: [
              disk("root"),
              ...(claim === undefined ? [] : [disk("data")]),
              ...(secret === undefined ? [] : [disk("seed")]),
            ],
            interfaces: [{ name: "default", masquerade: {} }],
          },
        },
        networks: [{ name: "default", pod: {} }],
        volumes: [
          { name: "root", containerDisk: { image } },
          ...(claim === undefined
            ? []
            : [{ name: "data", persistentVolumeClaim: { claimName: claim } }]),
          ...(secret === undefined
            ? []
            : [{ name: "seed", cloudInitNoCloud: { secretRef: { name: secret } } }]),
        ],
      },
    }, { namespace: NAMESPACE });
  }

  async vmi(name: string): Promise<VirtualMachineInstance | undefined> {
    return await this.client.get(VIRTUAL_MACHINE_INSTANCES, { namespace: NAMESPACE, name });
  }

  async pod(vmi: string): Promise<Pod | undefined> {
    const { items } = await this.client.list<Pod>(PODS, {
      namespace: NAMESPACE,
      labelSelector: `vm.kubevirt.io/name=${vmi}`,
    });
    return items[0];
  }

  async untilPhase(name: string, phase: string): Promise<VirtualMachineInstance> {
    const { vmi } = await waitUntil({
      what: `${name} to be ${phase}`,
      timeoutMs: SLOW_MS,
      look: async () => ({ vmi: await this.vmi(name), pod: await this.pod(name) }),
      until: (seen) => seen.vmi?.status?.phase === phase,
      tell: (seen) => JSON.stringify([seen.vmi?.status, seen.pod?.status]),
    });
    assert.ok(vmi);
    return vmi;
  }

  async delete(name: string): Promise<void> {
    await this.client.delete(VIRTUAL_MACHINE_INSTANCES, { namespace: NAMESPACE, name });
    await waitUntil({
      what: `${name} to be gone`,
      timeoutMs: SLOW_MS,
      look: () => this.vmi(name),
      until: (seen) => seen === undefined,
    });
  }
}

function condition(pod: Pod | undefined, type: string): string | undefined {
  return pod?.status?.conditions?.find((each) => each.type === type)?.status;
}

/** Process ids of QEMU in the cgroups of pods. */
async function emulators(bed: LocalNodeBed): Promise<number[]> {
  const found: number[] = [];
  for (const pid of new Set(await bed.cgroup.processes())) {
    const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    const isCapabilityProbe = command.includes("-machine\0none");
    if (/qemu-system-x86_64\0/.test(command) && !isCapabilityProbe) found.push(pid);
  }
  return found;
}

/** What pods have on this machine, by name. */
async function traces(bed: LocalNodeBed): Promise<string[]> {
  const cgroups = await bed.cgroup.directories();
  const namespaces = (await names("/run/netns")).filter((name) => name.startsWith("denovirt-"));
  const places = ["kubelet/pods", "kubelet/records", "run/pod-secrets", "run/vms"];
  const files = await Promise.all(
    places.map(async (place) =>
      (await names(`${bed.directory}/${place}`)).map((name) => `${place}/${name}`)
    ),
  );
  return [...cgroups.filter((path) => path.includes("/pod")), ...namespaces, ...files.flat()];
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function namespace(admin: FetchClient): Promise<AsyncDisposable> {
  await admin.create<KubeObject>(NAMESPACES, { metadata: { name: NAMESPACE } });
  return {
    async [Symbol.asyncDispose]() {
      await admin.delete(NAMESPACES, { name: NAMESPACE });
    },
  };
}
