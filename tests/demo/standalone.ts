/**
 * The main job on this machine alone, step by step with a real guest: `denovirt-node standalone` in a directory of its own, a
 * VM from a manifest, its console, and everything taken away again.
 *
 *   deno run --allow-all tests/demo/standalone.ts
 */
import { dirname } from "node:path";
import { parseAllDocuments } from "yaml";
import type { ApiServer } from "../cluster/api_server.ts";
import { sample, type VmiObject, type VmObject } from "../cluster/virtual_machine.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { removeBridge, StandaloneProcess } from "../standalone/standalone_process.ts";
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { prepareMachine } from "../toolchain/prepare.ts";
import { say } from "../toolchain/progress.ts";
import { askGuest, GUEST, SLOW_MS } from "./ask_guest.ts";
import { bold, quote, Stages } from "./stages.ts";

const VM = `/apis/kubevirt.io/v1/namespaces/${GUEST.namespace}/virtualmachines`;
const VMI = `/apis/kubevirt.io/v1/namespaces/${GUEST.namespace}/virtualmachineinstances`;
const STOP =
  `/apis/subresources.kubevirt.io/v1/namespaces/${GUEST.namespace}/virtualmachines/${GUEST.name}/stop`;

interface Built {
  nativeDirectory: string;
  images: string[];
}

async function build(): Promise<Built> {
  return {
    nativeDirectory: await nativeDirectory(),
    images: [dirname(await kernelGuestImage())],
  };
}

/** The VM of the sample; its Service is for clusters. */
async function manifest(): Promise<unknown> {
  const documents = parseAllDocuments(await sample("vm_kernel.yaml"));
  return documents.map((document) => document.toJS() as { kind: string })
    .find(({ kind }) => kind === "VirtualMachine");
}

async function until<T>(
  api: ApiServer,
  { what, path, is }: { what: string; path: string; is: (seen: T | undefined) => boolean },
): Promise<T | undefined> {
  return await waitUntil({
    what,
    timeoutMs: SLOW_MS,
    look: () => api.get<T>(path),
    until: is,
    tell: (seen) => JSON.stringify((seen as { status?: unknown } | undefined)?.status ?? {}),
  });
}

async function request(api: ApiServer, method: string, path: string, body?: unknown) {
  const { status, body: answer } = await api.request(method, path, body);
  if (status >= 300) {
    throw new Error(`Cannot ${method} ${path}: got ${status} ${JSON.stringify(answer)}`);
  }
}

async function main(): Promise<void> {
  const stages = new Stages();
  await stages.run("prepare this machine", () => prepareMachine(["cargo"]), "told by the work");
  const built = await stages.run("build what is missing", build, "told by the work");
  const directory = await Deno.makeTempDir({ prefix: "dv-" });
  await Deno.chmod(directory, 0o755);
  try {
    const answer = await show(stages, { directory, ...built });
    say(bold("\nHow long each stage took"));
    say(stages.table());
    say(bold("\nThe guest's answer"));
    Deno.stdout.writeSync(new TextEncoder().encode(`${answer}\n`));
  } finally {
    await removeBridge(directory);
    await Deno.remove(directory, { recursive: true });
  }
}

/** What the guest answered. */
async function show(stages: Stages, options: Built & { directory: string }): Promise<string> {
  await using standalone = await stages.run(
    "start: denovirt-node standalone",
    () => StandaloneProcess.start({ ...options, flags: ["--stop-guests"] }),
  );
  using api = await standalone.api();
  await stages.run("create: the VM of deploy/samples/vm_kernel.yaml", async () => {
    const namespace = `/api/v1/namespaces/${GUEST.namespace}`;
    await until(api, { what: "the namespace", path: namespace, is: (seen) => seen !== undefined });
    await request(api, "POST", VM, await manifest());
  });
  await stages.run("launch: the agent starts QEMU", async () => {
    const vmi = await until<VmiObject>(api, {
      what: "the guest to run",
      path: `${VMI}/${GUEST.name}`,
      is: (seen) => seen?.status?.phase === "Running",
    });
    quote(`${vmi?.metadata.name} is ${vmi?.status?.phase} on ${vmi?.status?.nodeName}`);
  });
  const answer = await stages.run("console: type a command to the guest", () => askGuest(api));
  await stages.run("stop: PUT .../virtualmachines/kernel/stop, as virtctl does", async () => {
    await request(api, "PUT", STOP, {});
    await until<VmObject>(api, {
      what: "the VM to be stopped",
      path: `${VM}/${GUEST.name}`,
      is: (seen) => seen?.status?.printableStatus === "Stopped",
    });
  });
  await stages.run("delete: the VM is gone", async () => {
    await request(api, "DELETE", `${VM}/${GUEST.name}`);
    await until(api, {
      what: "the VM to be gone",
      path: `${VM}/${GUEST.name}`,
      is: (seen) => seen === undefined,
    });
  });
  return answer;
}

await main();
