/**
 * KubeVirt's own virtctl as it is, every command of it once, on one machine with a guest: what it does, and what it says where
 * something is not served.
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { parse } from "yaml";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import type { ApiServer } from "../cluster/api_server.ts";
import { sample } from "../cluster/virtual_machine.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { freePort } from "../integration/controller_installation.ts";
import { CommandLine, type Expectation } from "../runner/command_line.ts";
import { Printed } from "../runner/printed.ts";
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { virtctl as virtctlProgram, whyNoVirtctl } from "../toolchain/build_virtctl.ts";
import { StandaloneDirectory, StandaloneProcess } from "./standalone_process.ts";

/** Software emulation on busy cores. */
const SLOW_MS = 120_000;
const NAMESPACE = "/namespaces/default";
const VMS = `/apis/kubevirt.io/v1${NAMESPACE}/virtualmachines`;
const VMIS = `/apis/kubevirt.io/v1${NAMESPACE}/virtualmachineinstances`;
const INSTANCETYPES = "/apis/instancetype.kubevirt.io/v1beta1";
const SERVICES = `/api/v1${NAMESPACE}/services`;

interface Bench {
  api: ApiServer;
  kubeconfigPath: string;
  program: string;
  virtctl: CommandLine;
}

interface Instance {
  metadata: { uid: string };
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

/** What it creates by itself, and where that is put. */
const CREATED: readonly [command: string, path: string][] = [
  [
    "create instancetype --name tiny --cpu 1 --memory 128Mi",
    `${INSTANCETYPES}/virtualmachineclusterinstancetypes`,
  ],
  [
    "create preference --name plain --cpu-topology cores --namespaced",
    `${INSTANCETYPES}${NAMESPACE}/virtualmachinepreferences`,
  ],
  [
    "create vm --name made --run-strategy Halted --instancetype tiny " +
    "--preference virtualmachinepreference/plain --volume-containerdisk src:denovirt.local/x:1",
    VMS,
  ],
];

const WHILE_STOPPED: readonly Expectation[] = [
  ["version", /Server Version: .*GitVersion:"v1\.9\.0-denovirt/],
  ["expand --vm made", /guest: 128Mi/],
  ["permitted-devices -n kubevirt", /Permitted Devices/],
  ["adm log-verbosity --all", /virt-api=\d/],
  ["stop made", /"made": VM is not running/],
  ["pause vm made", /VirtualMachine made is not set to run/],
  ["console made", /"made" not found/],
  ["port-forward --stdio=true vm/made 22", /"made" not found/],
  ["ssh --command=id root@vm/made", /"made" not found/],
  ["restart made", /Halted does not support manual restart requests/],
  ["start nobody", /"nobody" not found/],
  ["migrate made", /"made" not found/],
];

const PAUSING: readonly Expectation[] = [
  ["start kernel", /VM is already running/],
  ["pause vm kernel", /^VMI kernel was scheduled to pause$/m],
];

const WHILE_PAUSED: readonly Expectation[] = [
  ["pause vmi kernel", /VMI is already paused/],
  ["port-forward --stdio=true vmi/kernel 8080", /VMI is paused/],
  ["unpause vmi kernel", /^VMI kernel was scheduled to unpause$/m],
];

const WHILE_RUNNING: readonly Expectation[] = [
  ["unpause vm kernel", /VMI is not paused/],
  ["expose vm kernel --name=kernel-port --port=8080 --type=NodePort", /successfully created/],
  ["expose vmi kernel --name=kernel-address --port=8080", /successfully created/],
  ["migrate kernel", /^VM kernel was scheduled to migrate$/m],
  ["migrate-cancel nobody", /Found no migration to cancel for nobody/],
  ["credentials set-password kernel --user=root --password=x", /no secrets assigned/],
  ["credentials add-ssh-key kernel --user=root --value=x", /Use --force flag/],
  ["addvolume kernel --volume-name=extra", /is not a DataVolume or PersistentVolumeClaim/],
  // Not served: docs/compatibility.md.
  ["vnc kernel --proxy-only", /virtualmachineinstances\/vnc is not served/],
  ["vnc screenshot kernel --file=/dev/null", /\/vnc\/screenshot is not served/],
  ["guestosinfo kernel", /could not find the requested resource/],
  ["fslist kernel", /\/filesystemlist is not served/],
  ["userlist kernel", /\/userlist is not served/],
  ["soft-reboot kernel", /\/softreboot is not served/],
  ["reset kernel", /\/reset is not served/],
  ["removevolume kernel --volume-name=extra", /\/removevolume is not served/],
  ["memory-dump get kernel --claim-name=dump", /virtualmachines\/memorydump is not served/],
  ["memory-dump remove kernel", /\/removememorydump is not served/],
  ["evacuate-cancel vm kernel", /\/evacuate\/cancel is not served/],
  ["objectgraph kernel", /\/objectgraph is not served/],
  ["usbredir 046d:0001 kernel", /usbredir/],
  ["guestfs claim", /image has been specified/],
  ["vmexport create e --vm=kernel", /could not find the requested resource/],
  [
    "image-upload dv up --size=10Mi --image-path=/etc/hostname --insecure",
    /could not find the requested resource/,
  ],
];

/** Of a guest that answers on its network. Nobody listens on its port 22, which is said by the guest. */
const OVER_THE_NETWORK: readonly Expectation[] = [
  ["ssh --command=id root@vm/kernel", /cannot reach the guest's port: .*REFUSED .*:22/],
  ["scp /etc/hostname root@vmi/kernel:/tmp/x", /cannot reach the guest's port: .*REFUSED .*:22/],
];

const why = whyNoNativeParts() ?? await whyNoVirtctl();

Deno.test({
  name: `virtctl works with standalone${why === undefined ? "" : ` (skipped: ${why})`}`,
  ignore: why !== undefined,
  async fn(context) {
    await using own = await StandaloneDirectory.make({ dir: "/var/tmp" });
    const directory = own.path;
    await using standalone = await StandaloneProcess.start({
      directory,
      nativeDirectory: nativeParts(),
      images: [dirname(await kernelGuestImage())],
      flags: ["--stop-guests"],
    });
    using api = await standalone.api();
    const { kubeconfigPath } = standalone;
    const program = await virtctlProgram();
    const virtctl = new CommandLine({
      program,
      flags: [],
      // Not by a flag: the virtctl that virtctl lets ssh start has none.
      env: { KUBECONFIG: kubeconfigPath },
      directory,
    });
    const bench = { api, kubeconfigPath, program, virtctl };
    for (const [name, step] of STEPS) if (!await context.step(name, () => step(bench))) break;
  },
});

const STEPS: readonly [string, (bench: Bench) => Promise<void>][] = [
  ["what it creates is accepted", created],
  ["commands about what does not run", async ({ virtctl }) => {
    assert.deepEqual(await virtctl.mistakes(WHILE_STOPPED), []);
  }],
  ["commands about a guest", aboutGuest],
  ["console at a terminal answers, and is left by its key", console],
  ["port-forward leads to the guest", forwarded],
  ["restart, stop and a paused start", restarted],
  ["who may only read may not stop", readOnly],
];

async function created({ api, virtctl }: Bench): Promise<void> {
  for (const [command, path] of CREATED) {
    await create(api, path, await virtctl.run(command));
  }
  await create(api, VMS, await sample("vm_kernel.yaml"));
}

async function aboutGuest({ api, virtctl }: Bench): Promise<void> {
  await untilReady(api);
  assert.deepEqual(await virtctl.mistakes(PAUSING), []);
  await untilPaused(api, true);
  assert.deepEqual(await virtctl.mistakes(WHILE_PAUSED), []);
  await untilPaused(api, false);
  assert.deepEqual(await virtctl.mistakes(WHILE_RUNNING), []);
  for (const name of ["kernel-port", "kernel-address"]) {
    assert.ok(await api.get(`${SERVICES}/${name}`), name);
  }
}

async function console({ kubeconfigPath, program }: Bench): Promise<void> {
  const printed = await talk([program, `--kubeconfig=${kubeconfigPath}`, "console", "kernel"]);
  assert.match(printed, /Successfully connected to kernel console[^]*answer 42/);
}

async function readOnly({ kubeconfigPath, program }: Bench): Promise<void> {
  const flags = [`--kubeconfig=${kubeconfigPath}.viewer`];
  const viewer = new CommandLine({ program, flags, directory: "" });
  const expected = /User "denovirt:viewer" cannot update resource "virtualmachines\/stop"/;
  assert.deepEqual(await viewer.mistakes([["stop kernel", expected]]), []);
}

/** The first object of a manifest. */
async function create(api: ApiServer, path: string, manifest: string): Promise<void> {
  const [first = ""] = manifest.split("\n---\n");
  const { status, body } = await api.request("POST", path, parse(first));
  assert.equal(status, 201, `${first}: ${JSON.stringify(body)}`);
}

async function untilReady(api: ApiServer, before?: string): Promise<Instance> {
  const seen = await untilInstance(
    api,
    "the guest to be ready",
    (vmi) =>
      vmi !== undefined && vmi.metadata.uid !== before &&
      isTrue(vmi, "Ready") && vmi.status?.phase === "Running",
  );
  assert.ok(seen !== undefined);
  return seen;
}

/** It is told a moment after it is so. */
async function untilPaused(api: ApiServer, isPaused: boolean): Promise<void> {
  await untilInstance(
    api,
    isPaused ? "a paused guest" : "a guest that goes on",
    (seen) => seen !== undefined && isTrue(seen, "Paused") === isPaused,
  );
}

async function untilInstance(
  api: ApiServer,
  what: string,
  holds: (seen: Instance | undefined) => boolean,
): Promise<Instance | undefined> {
  return await waitUntil({
    what,
    timeoutMs: SLOW_MS,
    look: () => api.get<Instance>(`${VMIS}/kernel`),
    until: holds,
    tell: (seen) => JSON.stringify(seen?.status),
  });
}

function isTrue({ status }: Instance, wanted: string): boolean {
  return status?.conditions?.some((each) => each.type === wanted && each.status === "True") ??
    false;
}

async function forwarded({ virtctl }: Bench): Promise<void> {
  const port = freePort("127.0.0.1");
  const stop = new AbortController();
  const tunnel = virtctl.spawn(`port-forward vm/kernel ${port}:8080`, stop.signal);
  const said = new Response(tunnel.stderr).text();
  try {
    await waitUntil({
      what: "the guest's answer through the tunnel",
      timeoutMs: SLOW_MS,
      look: () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), String),
      until: (answer) => /kernel-guest .*answers/.test(answer),
      tell: (answer) => answer,
    });
  } catch (error) {
    stop.abort();
    throw new Error(`Cannot use the tunnel: virtctl said ${await said}`, { cause: error });
  } finally {
    stop.abort();
    await Promise.all([tunnel.status, tunnel.stdout.cancel(), said]);
  }
  assert.deepEqual(await virtctl.mistakes(OVER_THE_NETWORK), []);
}

async function restarted({ api, virtctl }: Bench): Promise<void> {
  const first = await untilReady(api);
  const expect = async (...expectation: Expectation) =>
    assert.deepEqual(await virtctl.mistakes([expectation]), []);
  await expect("restart kernel", /^VM kernel was scheduled to restart$/m);
  const second = await untilReady(api, first.metadata.uid);
  const force = "--force --grace-period=0";
  await expect(`restart kernel ${force}`, /^VM kernel was scheduled to restart$/m);
  await untilReady(api, second.metadata.uid);
  await expect(`stop kernel ${force}`, /^VM kernel was scheduled to stop$/m);
  await untilInstance(api, "the guest to be gone", (seen) => seen === undefined);
  await expect("start kernel --paused", /^VM kernel was scheduled to start$/m);
  await untilPaused(api, true);
  await expect("unpause vm kernel", /^VMI kernel was scheduled to unpause$/m);
  await untilReady(api);
}

/** Asks the guest's shell for a sum, then presses Ctrl-]. */
async function talk(command: readonly string[]): Promise<string> {
  const process = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command.join(" "), "/dev/null"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(SLOW_MS),
  }).spawn();
  const printed = new Printed(process.stdout);
  const writer = process.stdin.getWriter();
  const type = (text: string) => writer.write(new TextEncoder().encode(text));
  await printed.until("the console", /Successfully connected/, SLOW_MS);
  await type("\n");
  await printed.until("a prompt", /:\/# /, SLOW_MS);
  await type("echo answer $((6 * 7))\n");
  await printed.until("the guest's answer", /answer 42/, SLOW_MS);
  await type("\x1d");
  const { success } = await process.status;
  await printed.ended;
  await writer.close().catch(() => {});
  assert.ok(success, printed.text);
  return printed.text;
}
