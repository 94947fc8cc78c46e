import assert from "node:assert/strict";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import type { ApiServer } from "../cluster/api_server.ts";
import { GuestConsole } from "../cluster/guest_console.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { writeGuestArchive } from "../real_node/guest_image.ts";
import { guestSpec } from "../real_node/guest_spec.ts";
import { serviceTableOf } from "../../src/standalone/local/network/machine_network.ts";
import { bridgeOf, StandaloneDirectory, StandaloneProcess } from "./standalone_process.ts";

/** Software emulation on busy cores. */
const SLOW_MS = 90_000;
const GUEST = { namespace: "default", name: "guest" };
const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";
const VMIS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances";
const SERVICES = "/api/v1/namespaces/default/services";
const SUBRESOURCES = "/apis/subresources.kubevirt.io/v1/namespaces/default";

interface Instance {
  metadata: { uid: string };
  status?: { phase?: string; interfaces?: { ipAddress?: string }[] };
}

Deno.test({
  name: "denovirt-node standalone serves KubeVirt's API and runs guests on one machine",
  ignore: whyNoNativeParts() !== undefined,
  async fn(context) {
    await using own = await StandaloneDirectory.make();
    const directory = own.path;
    const nativeDirectory = nativeParts();
    const options = { directory, nativeDirectory, images: [`${directory}/images`] };
    await Deno.mkdir(`${directory}/images`);
    await writeGuestArchive(`${directory}/images`, { behaviour: "counts", tag: "1" });
    let uid = "";
    await context.step("a VM starts, its console answers, and it survives a stop", async () => {
      await using standalone = await StandaloneProcess.start(options);
      using api = await standalone.api();
      await until(api, "the default namespace", "/api/v1/namespaces/default", (seen) => !!seen);
      const created = await api.request("POST", VMS, vm());
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const vmi = await running(api);
      uid = vmi.metadata.uid;
      await using terminal = await GuestConsole.open(api, GUEST);
      await terminal.expect(/[0-9A-F]{8}\r?\n/, SLOW_MS);
    });

    await context.step("what webhooks refuse is refused", async () => {
      await using standalone = await StandaloneProcess.start(options);
      using api = await standalone.api();
      const bad = vm();
      bad.metadata.name = "bad";
      bad.spec.template.spec.domain.devices.disks![0]!.name = "nothing";
      const refused = await api.request("POST", VMS, bad);
      assert.equal(refused.status, 422);
      assert.match(JSON.stringify(refused.body), /virtualmachine-validator.kubevirt.io/);
    });

    await context.step(
      "the next start adopts the guest; a stop with guests ends it",
      async () => {
        await using standalone = await StandaloneProcess.start({
          ...options,
          flags: ["--stop-guests"],
        });
        using api = await standalone.api();
        const vmi = await running(api);
        assert.equal(vmi.metadata.uid, uid);
        {
          await using terminal = await openConsole(api);
          await terminal.expect(/[0-9A-F]{8}\r?\n/, SLOW_MS);
        }
        const service = await api.request("POST", SERVICES, exposed());
        assert.equal(service.status, 201, JSON.stringify(service.body));
        const pod = vmi.status?.interfaces?.[0]?.ipAddress;
        await rules(directory, (listed) => listed.includes(`dnat to ${pod}:22`));
        const paused = await api.request(
          "PUT",
          `${SUBRESOURCES}/virtualmachineinstances/guest/pause`,
          {},
        );
        assert.ok(paused.status < 300, JSON.stringify(paused.body));
        await rules(directory, (listed) => !listed.includes("dnat"));
        assert.equal(await standalone.stop(), 0);
        assert.deepEqual(await pods(directory), []);
      },
    );

    await context.step(
      "a VM that is to run starts again, and a deleted one leaves nothing",
      async () => {
        await using standalone = await StandaloneProcess.start(options);
        using api = await standalone.api();
        const vmi = await running(api);
        assert.notEqual(vmi.metadata.uid, uid);
        await api.request("DELETE", `${VMS}/guest`);
        await until(api, "the VM to be gone", `${VMS}/guest`, (seen) => seen === undefined);
        await waitUntil({
          what: "the pod's traces to be gone",
          timeoutMs: SLOW_MS,
          look: () => pods(directory),
          until: (left) => left.length === 0,
        });
      },
    );
  },
});

function vm() {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "guest" },
    spec: {
      runStrategy: "Always",
      template: {
        spec: guestSpec("counts", { tag: "1" }),
      },
    },
  };
}

/** What `virtctl expose vm guest --name guest-ssh --port 22 --type NodePort` creates. */
function exposed() {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "guest-ssh" },
    spec: {
      type: "NodePort",
      selector: { "vm.kubevirt.io/name": "guest" },
      ports: [{ port: 22, protocol: "TCP" }],
    },
  };
}

/** What leads from the machine to guests, once it is as it should be. */
async function rules(directory: string, holds: (listed: string) => boolean): Promise<void> {
  const table = serviceTableOf({ bridge: bridgeOf(directory) });
  await waitUntil({
    what: "the rules of Services",
    timeoutMs: SLOW_MS,
    look: async () => {
      const nft = new Deno.Command("nft", { args: ["list", "table", "ip", table] });
      return new TextDecoder().decode((await nft.output()).stdout);
    },
    until: holds,
    tell: (listed) => listed,
  });
}

/** The instance is Running as it was left; its console is refused until the new agent has adopted it. */
async function openConsole(api: ApiServer): Promise<GuestConsole> {
  const opened = await waitUntil({
    what: "the console to be served",
    timeoutMs: SLOW_MS,
    look: () => GuestConsole.open(api, GUEST).catch(() => undefined),
    until: (console) => console !== undefined,
  });
  assert.ok(opened !== undefined);
  return opened;
}

async function running(api: ApiServer): Promise<Instance> {
  const vmi = await until<Instance>(
    api,
    "the guest to run",
    `${VMIS}/guest`,
    (seen) => seen?.status?.phase === "Running",
  );
  assert.ok(vmi);
  return vmi;
}

async function until<T>(
  api: ApiServer,
  what: string,
  path: string,
  holds: (seen: T | undefined) => boolean,
): Promise<T | undefined> {
  return await waitUntil({ what, timeoutMs: SLOW_MS, look: () => api.get<T>(path), until: holds });
}

async function pods(directory: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${directory}/data/kubelet/pods`));
  return entries.map(({ name }) => name);
}
