/**
 * What a container runtime makes of a launcher pod, as far as the node agent and its guests see it: a cgroup that names the
 * pod, namespaces of its own with an `eth0`, containers with roots of their own, the envelope as PID 1 and a holder for
 * each image, and the pod's volumes where the kubelet keeps them.
 */
import type { Pod } from "../../src/resources/core_objects.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { bootDisk, isBehaviour } from "./guest_image.ts";
import type { NodeCgroup } from "./node_cgroup.ts";

const INIT = new URL("./pod_init.sh", import.meta.url).pathname;
const NAMESPACES = ["--pid", "--net", "--mount", "--uts", "--ipc", "--fork", "--kill-child=KILL"];
/** Mounted from the pod's volumes, or where the old root lies. */
const MOUNT_POINTS = [
  "var/run/denovirt/sockets",
  "var/run/denovirt/ephemeral-disks",
  "proc",
  "old",
];
/** Containers that hold an image are named for their volume. */
const HOLDER = /^volume(.+)$/;
const START_TIMEOUT_MS = 30_000;

export interface PodSandboxesOptions {
  /** Holds the envelope binary. */
  nativeDirectory: string;
  /** Where the kubelet keeps its pods. */
  kubeletRoot: string;
  /** For the roots of containers. */
  directory: string;
  cgroup: NodeCgroup;
}

/** One pod that runs. */
interface Sandbox {
  process: Deno.ChildProcess;
  cgroup: NodeCgroup;
  volumes: string;
}

export class PodSandboxes implements AsyncDisposable {
  readonly #options: PodSandboxesOptions;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #roots = new Map<string, Promise<string>>();

  constructor(options: PodSandboxesOptions) {
    this.#options = options;
  }

  /** Starts the pod's containers, and waits until they listen. */
  async start(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    const holders = pod.spec.containers.flatMap(({ name, image }) => {
      const volume = HOLDER.exec(name)?.[1];
      return volume === undefined ? [] : [{ volume, image }];
    });
    const volumes = await this.#makeVolumes(uid);
    const cgroup = await this.#options.cgroup.child(`pod${uid}`);
    const roots = [await this.#root("compute")];
    for (const { volume, image } of holders) roots.push(volume, await this.#root(image));
    const process = new Deno.Command("sh", {
      args: [
        "-c",
        `${cgroup.joinScript} && exec unshare "$@"`,
        "sh",
        ...NAMESPACES,
        ...[INIT, "compute", volumes, ...roots],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    this.#sandboxes.set(uid, { process, cgroup, volumes });
    for (const name of ["compute", ...holders.map(({ volume }) => volume)]) {
      await untilListening(`${volumes}/sockets/${name}.sock`);
    }
  }

  /** Resolves when the pod's PID 1 has ended. */
  async ended(uid: string): Promise<void> {
    await this.#sandboxes.get(uid)?.process.status;
  }

  /** Ends what is left of the pod and removes its volumes. */
  async remove(uid: string): Promise<void> {
    const sandbox = this.#sandboxes.get(uid);
    if (sandbox === undefined) return;
    this.#sandboxes.delete(uid);
    await sandbox.cgroup[Symbol.asyncDispose]();
    await sandbox.process.status;
    await Deno.remove(`${this.#options.kubeletRoot}/pods/${uid}`, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const uid of this.#sandboxes.keys()) await this.remove(uid);
  }

  async #makeVolumes(uid: string): Promise<string> {
    const volumes = `${this.#options.kubeletRoot}/pods/${uid}/volumes/kubernetes.io~empty-dir`;
    for (const volume of ["sockets", "ephemeral-disks"]) {
      await Deno.mkdir(`${volumes}/${volume}`, { recursive: true });
      await Deno.chmod(`${volumes}/${volume}`, 0o777);
    }
    return volumes;
  }

  /** The root file system of an image, made once: what is mounted in it is mounted in each pod's own namespace. */
  #root(image: string): Promise<string> {
    const known = this.#roots.get(image);
    if (known !== undefined) return known;
    const made = this.#makeRoot(image, `${this.#options.directory}/root${this.#roots.size}`);
    this.#roots.set(image, made);
    return made;
  }

  async #makeRoot(image: string, root: string): Promise<string> {
    for (const path of MOUNT_POINTS) await Deno.mkdir(`${root}/${path}`, { recursive: true });
    await Deno.copyFile(`${this.#options.nativeDirectory}/envelope`, `${root}/envelope`);
    await Deno.mkdir(`${root}/etc`);
    await Deno.writeTextFile(`${root}/etc/resolv.conf`, "nameserver 10.96.0.10\n");
    const behaviour = image.split("/").at(-1);
    if (isBehaviour(behaviour)) {
      await Deno.mkdir(`${root}/disk`);
      await Deno.writeFile(`${root}/disk/guest.img`, bootDisk(behaviour));
    }
    return root;
  }
}

async function untilListening(path: string): Promise<void> {
  await waitUntil({
    what: `a container to listen at ${path}`,
    timeoutMs: START_TIMEOUT_MS,
    intervalMs: 5,
    // Its address is too long to connect to.
    look: async () => (await Deno.lstat(path)).isSocket,
    until: (isSocket) => isSocket === true,
  });
}
