/** Probes of guests on one machine, with guests: what answers is ready, what does not live is ended and started anew. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { parse } from "yaml";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import type { ApiServer } from "../cluster/api_server.ts";
import { GuestConsole } from "../cluster/guest_console.ts";
import { sample } from "../cluster/virtual_machine.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { type Behaviour, writeGuestArchive } from "../real_node/guest_image.ts";
import { guestSpec } from "../real_node/guest_spec.ts";
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { StandaloneDirectory, StandaloneProcess } from "./standalone_process.ts";

/** Software emulation on busy cores. */
const SLOW_MS = 120_000;
const NAMESPACE = "/namespaces/default";
const VMS = `/apis/kubevirt.io/v1${NAMESPACE}/virtualmachines`;
const SERVICES = `/api/v1${NAMESPACE}/services`;
const VMIS = `/apis/kubevirt.io/v1${NAMESPACE}/virtualmachineinstances`;
const PROMPT = /:\/# /;
/** Nothing of the guest listens there before it is told to. */
const PORT = 8081;
const READINESS = {
  httpGet: { path: "/ready", port: PORT },
  periodSeconds: 1,
  timeoutSeconds: 5,
  failureThreshold: 2,
};
/** Nobody ever listens there. */
const LIVENESS = {
  tcpSocket: { port: 22 },
  initialDelaySeconds: 10,
  periodSeconds: 1,
  failureThreshold: 2,
};

interface Condition {
  type: string;
  status: string;
  reason?: string;
  lastTransitionTime?: string;
}

interface Instance {
  metadata: { uid: string };
  status?: { phase?: string; reason?: string; conditions?: Condition[] };
}

interface ToldEvent {
  type: string;
  reason: string;
  message: string;
  involvedObject: { name: string };
}

Deno.test({
  name: "standalone asks the probes of guests",
  ignore: whyNoNativeParts() !== undefined,
  async fn(context) {
    await using own = await StandaloneDirectory.make({ dir: "/var/tmp" });
    const directory = own.path;
    await Deno.mkdir(`${directory}/images`);
    for (const behaviour of ["counts", "sleeps"] as const) {
      await writeGuestArchive(`${directory}/images`, { behaviour, tag: "1" });
    }
    const options = {
      directory,
      nativeDirectory: nativeParts(),
      images: [`${directory}/images`, dirname(await kernelGuestImage())],
    };

    await context.step("a guest becomes ready when it answers as it should", async () => {
      await using standalone = await StandaloneProcess.start(options);
      using api = await standalone.api();
      await create(api, VMS, await kernelGuest());
      await untilInstance(api, "kernel", (vmi) => vmi?.status?.phase === "Running");
      await using terminal = await GuestConsole.open(api, { namespace: "default", name: "kernel" });
      await terminal.prompt(PROMPT, SLOW_MS);
      await untilReadiness(api, { status: "False", reason: "ContainersNotReady" });
      assert.equal(ready(await launcher(api, "kernel"))?.status, "False");
      terminal.type(`httpd -f -v -p ${PORT} -h /www &\n`);
      await terminal.expect(/response:404/, SLOW_MS);
      assert.equal(ready(await launcher(api, "kernel"))?.status, "False");
      terminal.type("echo yes >/www/ready\n");
      await terminal.expect(/response:200/, SLOW_MS);
      await untilReadiness(api, { status: "True" });
      assert.equal(ready(await launcher(api, "kernel"))?.reason, undefined);
    });

    await context.step("a guest finds a Service by its name", async () => {
      await using standalone = await StandaloneProcess.start(options);
      using api = await standalone.api();
      const created = await api.request("POST", SERVICES, {
        metadata: { name: "web" },
        spec: { selector: { "vm.kubevirt.io/name": "kernel" }, ports: [{ port: PORT }] },
      });
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const { spec } = created.body as { spec: { clusterIP: string } };
      await using terminal = await openConsole(api);
      terminal.type("nslookup -type=a web.default.svc.cluster.local\n");
      // Its web server tells of each question, also between two lines.
      const found =
        `Name:\\s+web\\.default\\.svc\\.cluster\\.local\\s[^]*Address:\\s+${spec.clusterIP}\\s`;
      await terminal.expect(new RegExp(found), SLOW_MS);
    });

    await context.step("it stays ready when standalone starts anew, until it says so", async () => {
      await using standalone = await StandaloneProcess.start({
        ...options,
        flags: ["--stop-guests"],
      });
      using api = await standalone.api();
      const before = ready(await launcher(api, "kernel"));
      assert.equal(before?.status, "True");
      await using terminal = await openConsole(api);
      await terminal.expect(/response:200/, SLOW_MS);
      assert.deepEqual(ready(await launcher(api, "kernel")), before);
      terminal.type("rm /www/ready\n");
      await terminal.expect(/response:404/, SLOW_MS);
      await untilReadiness(api, { status: "False", reason: "ContainersNotReady" });
      await untilPodEvent(api, {
        type: "Warning",
        reason: "Unhealthy",
        message: "Readiness probe failed: HTTP status 404",
      }, "kernel");
      const vmi = await api.get<Instance>(`${VMIS}/kernel`);
      assert.equal(vmi?.status?.phase, "Running");
    });

    await context.step("one that does not live is shut down within its grace period", async () => {
      await using standalone = await StandaloneProcess.start({
        ...options,
        flags: ["--stop-guests"],
      });
      using api = await standalone.api();
      await create(api, VMIS, vmi("listens", { behaviour: "counts", graceSeconds: 120 }));
      await create(api, VMIS, vmi("deaf", { behaviour: "sleeps", graceSeconds: 2 }));
      for (const name of ["listens", "deaf"]) {
        await untilPodEvent(api, {
          type: "Normal",
          reason: "Killing",
          message: "Container compute failed liveness probe",
        }, name);
        await untilVmiEvent(api, {
          type: "Normal",
          reason: "ShuttingDown",
          message: "Signaled Graceful Shutdown",
        }, name);
      }
      await untilEnded(api, "listens", { phase: "Succeeded" });
      await untilVmiEvent(api, {
        type: "Normal",
        reason: "Stopped",
        message: "The VirtualMachineInstance was shut down.",
      }, "listens");
      await untilEnded(api, "deaf", { phase: "Failed", reason: "GuestKilled" });
    });

    await context.step("a VM starts one anew that did not live", async () => {
      await using standalone = await StandaloneProcess.start({
        ...options,
        flags: ["--stop-guests"],
      });
      using api = await standalone.api();
      await create(api, VMS, vm("again", { behaviour: "counts", graceSeconds: 120 }));
      const first = await untilInstance(api, "again", (seen) => seen?.status?.phase === "Running");
      await untilInstance(
        api,
        "again",
        (seen) =>
          seen !== undefined && seen.metadata.uid !== first?.metadata.uid &&
          seen.status?.phase === "Running",
      );
    });
  },
});

async function kernelGuest(): Promise<unknown> {
  const [first = ""] = (await sample("vm_kernel.yaml")).split("\n---\n");
  const guest = parse(first);
  guest.spec.template.spec.readinessProbe = READINESS;
  return guest;
}

/** What a guest that counts does when its power button is pressed, one that sleeps does not. */
interface Guest {
  behaviour: Behaviour;
  graceSeconds: number;
}

function vmi(name: string, { behaviour, graceSeconds }: Guest) {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name },
    spec: {
      ...guestSpec(behaviour, { graceSeconds, tag: "1" }),
      livenessProbe: LIVENESS,
    },
  };
}

function vm(name: string, guest: Guest) {
  const { apiVersion, spec } = vmi(name, guest);
  return {
    apiVersion,
    kind: "VirtualMachine",
    metadata: { name },
    spec: { runStrategy: "Always", template: { spec } },
  };
}

async function create(api: ApiServer, path: string, object: unknown): Promise<void> {
  const { status, body } = await api.request("POST", path, object);
  assert.equal(status, 201, JSON.stringify(body));
}

/** The instance is Running as it was left; its console is refused until the new agent has adopted it. */
async function openConsole(api: ApiServer): Promise<GuestConsole> {
  const opened = await waitUntil({
    what: "the console to be served",
    timeoutMs: SLOW_MS,
    look: () =>
      GuestConsole.open(api, { namespace: "default", name: "kernel" }).catch(() => undefined),
    until: (console) => console !== undefined,
  });
  assert.ok(opened !== undefined);
  return opened;
}

async function untilInstance(
  api: ApiServer,
  name: string,
  holds: (seen: Instance | undefined) => boolean,
): Promise<Instance | undefined> {
  return await waitUntil({
    what: `instance ${name}`,
    timeoutMs: SLOW_MS,
    look: () => api.get<Instance>(`${VMIS}/${name}`),
    until: holds,
  });
}

async function untilReadiness(api: ApiServer, wanted: Partial<Condition>): Promise<void> {
  await untilInstance(api, "kernel", (seen) => {
    const condition = ready(seen);
    return condition?.status === wanted.status && condition?.reason === wanted.reason;
  });
}

type Told = Omit<ToldEvent, "involvedObject">;

/** The VMI says how its guest ended; its pod, whose envelope was released, that it completed. */
async function untilEnded(
  api: ApiServer,
  name: string,
  { phase, reason }: { phase: string; reason?: string },
): Promise<void> {
  const ended = await untilInstance(
    api,
    name,
    (seen) => ["Succeeded", "Failed"].includes(seen?.status?.phase ?? ""),
  );
  assert.deepEqual([ended?.status?.phase, ended?.status?.reason], [phase, reason]);
  assert.equal(ready(ended)?.reason, "GuestNotRunning");
  const pod = await waitUntil({
    what: `the end of the pod of ${name}`,
    timeoutMs: SLOW_MS,
    look: () => launcher(api, name),
    until: (seen) => ["Succeeded", "Failed"].includes(seen?.status?.phase ?? ""),
  });
  assert.equal(pod?.status?.phase, "Succeeded");
  const compute = pod?.status?.containerStatuses?.find(({ name }) => name === "compute");
  assert.equal(compute?.state?.terminated?.exitCode, 0);
  assert.equal(compute?.state?.terminated?.reason, "Completed");
}

async function untilPodEvent(api: ApiServer, told: Told, name: string): Promise<void> {
  await untilEvent(api, told, (regarding) => regarding.startsWith(`virt-launcher-${name}-`));
}

async function untilVmiEvent(api: ApiServer, told: Told, name: string): Promise<void> {
  await untilEvent(api, told, (regarding) => regarding === name);
}

async function untilEvent(
  api: ApiServer,
  { type, reason, message }: Told,
  isOf: (regarding: string) => boolean,
): Promise<void> {
  await waitUntil({
    what: `event ${reason}: ${message}`,
    timeoutMs: SLOW_MS,
    look: () => api.get<{ items: ToldEvent[] }>(`/api/v1${NAMESPACE}/events`),
    until: (seen) =>
      seen?.items.some((each) =>
        each.type === type && each.reason === reason && each.message === message &&
        isOf(each.involvedObject.name)
      ) ?? false,
    tell: (seen) => seen?.items.map(({ message }) => message).join("; ") ?? "",
  });
}

async function launcher(api: ApiServer, name: string): Promise<Pod | undefined> {
  const selector = `labelSelector=vm.kubevirt.io/name=${name}`;
  const list = await api.get<{ items: Pod[] }>(`/api/v1${NAMESPACE}/pods?${selector}`);
  return list?.items[0];
}

function ready(object: Instance | Pod | undefined): Condition | undefined {
  return (object?.status?.conditions as Condition[] | undefined)?.find(({ type }) =>
    type === "Ready"
  );
}
