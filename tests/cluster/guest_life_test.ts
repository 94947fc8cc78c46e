import assert from "node:assert/strict";
import { checkDiskLocks } from "../faults/disk_locks.ts";
import { ClientPod } from "./client_pod.ts";
import { GuestConsole } from "./guest_console.ts";
import { newTraces, type NodeTraces, nodeTraces } from "./node_traces.ts";
import { clusterTest, type TestBed } from "./test_bed.ts";
import { sample, TestVirtualMachine } from "./virtual_machine.ts";
import { waitUntil } from "./wait_until.ts";

/** What differs between the guests; what is looked at is the same. */
interface Guest {
  name: string;
  sample: string;
  /** Those that it may write to, in order. */
  writableVolumes: readonly string[];
  /** From Running to a shell, under software emulation on a busy machine. */
  bootTimeoutMs: number;
  /** Leads from a fresh console to a shell's prompt. */
  login(terminal: GuestConsole, timeoutMs: number): Promise<void>;
  shellPrompt: RegExp;
  /** Asks the Service from a pod. */
  ask(client: ClientPod, address: string): Promise<string>;
  answer: RegExp;
  /** The same of the guest's own port. */
  port: number;
  question: string;
}

const LAUNCH_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 60_000;
const DELETE_TIMEOUT_MS = 180_000;
const CLEAN_TIMEOUT_MS = 120_000;

const KERNEL: Guest = {
  name: "kernel",
  sample: "vm_kernel.yaml",
  writableVolumes: [],
  bootTimeoutMs: 120_000,
  async login(terminal, timeoutMs) {
    await terminal.prompt(this.shellPrompt, timeoutMs);
  },
  shellPrompt: /\n?[\w-]+:\/# /,
  ask: (client, address) => client.http(address, 80),
  answer: /kernel answers/,
  port: 8080,
  question: "GET / HTTP/1.0\r\n\r\n",
};

const DEBIAN: Guest = {
  name: "debian",
  sample: "vm_debian.yaml",
  writableVolumes: ["root"],
  bootTimeoutMs: 300_000,
  async login(terminal, timeoutMs) {
    await terminal.prompt(/debian login: /, timeoutMs);
    terminal.type("debian\n");
    await terminal.expect(/assword: /, ANSWER_TIMEOUT_MS);
    terminal.type("denovirt\n");
    await terminal.expect(this.shellPrompt, ANSWER_TIMEOUT_MS);
  },
  shellPrompt: /debian@debian:~\$ /,
  ask: (client, address) => client.banner(address, 22),
  answer: /^SSH-2\.0/,
  port: 22,
  question: "",
};

for (const guest of [KERNEL, DEBIAN]) {
  clusterTest(`a ${guest.name} guest lives from apply to delete`, (bed) => live(bed, guest));
}

async function live(bed: TestBed, guest: Guest): Promise<void> {
  const { cluster, api, step } = bed;
  const vm = new TestVirtualMachine(bed, guest.name);
  const vmi = { namespace: "default", name: guest.name };
  const clients = await Promise.all(cluster.nodes.map(({ name }) => ClientPod.on(cluster, name)));
  const before = await allTraces(bed);
  const leases = await cluster.kubectl(["get", "leases", "-A", "-o", "name"]);
  let uid = "";

  await step("apply: the scheduler places it and it runs", async () => {
    await cluster.apply(await sample(guest.sample));
    const running = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
    uid = running.metadata.uid;
    const pod = await vm.pod();
    assert.equal(running.status?.nodeName, pod?.spec.nodeName);
    assert.equal(running.status?.interfaces?.[0]?.ipAddress, pod?.status?.podIP);
    const scheduled = await cluster.kubectl([
      "get",
      "events",
      `--field-selector=involvedObject.name=${pod?.metadata.name},reason=Scheduled`,
      "-o",
      "jsonpath={.items[*].message}",
    ]);
    assert.match(scheduled, /Successfully assigned/);
  });

  await step("its writable images are locked by it alone", () => {
    const images = cluster.nodes.flatMap(({ initPid }) =>
      checkDiskLocks({ root: `/proc/${initPid}/root`, runDirectory: "/run/denovirt" })
    );
    const own = images.filter((image) => image.uid === uid).map(({ volume }) => volume);
    assert.deepEqual(own.sort(), guest.writableVolumes);
    return Promise.resolve();
  });

  await step("kubectl get shows KubeVirt's columns", async () => {
    await vm.waitForVm("to be ready", {
      timeoutMs: 30_000,
      until: ({ status }) => status?.ready === true,
    });
    const [vmHeader, vmRow] = await table(bed, ["get", "vm", guest.name, "-o", "wide"]);
    assert.deepEqual(vmHeader, ["NAME", "AGE", "STATUS", "READY"]);
    assert.deepEqual([vmRow?.[0], vmRow?.[2], vmRow?.[3]], [guest.name, "Running", "True"]);
    const [header, row] = await table(bed, ["get", "vmi", guest.name, "-o", "wide"]);
    assert.deepEqual(header?.slice(0, 6), ["NAME", "AGE", "PHASE", "IP", "NODENAME", "READY"]);
    assert.deepEqual(header?.slice(6), ["LIVE-MIGRATABLE", "PAUSED"]);
    const pod = await vm.pod();
    assert.deepEqual([row?.[2], row?.[3], row?.[4], row?.[5]], [
      "Running",
      pod?.status?.podIP,
      pod?.spec.nodeName,
      "True",
    ]);
  });

  await step("it says that it is emulated in software", async () => {
    const condition = (await vm.vmi())?.status?.conditions?.find(({ type }) =>
      type === "SoftwareEmulation"
    );
    assert.equal(condition?.status, "True");
  });

  await step("the console shows a prompt and answers a typed command", async () => {
    await using terminal = await GuestConsole.open(api, vmi);
    await guest.login(terminal, guest.bootTimeoutMs);
    terminal.type("echo answer-$((6*7))\n");
    await terminal.expect(/answer-42/, ANSWER_TIMEOUT_MS);
  });

  await step("the guest has its address by DHCP and reaches out", async () => {
    const address = await clients[0]!.address();
    await using terminal = await GuestConsole.open(api, vmi);
    await terminal.prompt(guest.shellPrompt, ANSWER_TIMEOUT_MS);
    terminal.type("echo addresses=$(ip -4 addr | grep -c 'inet 10.0.2.2/24')\n");
    await terminal.expect(/addresses=1/, ANSWER_TIMEOUT_MS);
    const fetcher = guest === DEBIAN ? "curl -s" : "wget -q -O -";
    terminal.type(`${fetcher} http://${address}:8080/\n`);
    await terminal.expect(/client-node\d/, ANSWER_TIMEOUT_MS);
  });

  await step("its Service answers from a pod on every node", async () => {
    const address = await serviceAddress(bed, guest.name);
    for (const client of clients) await waitForAnswer(guest, client, address);
  });

  await step("its port is forwarded through the aggregated API", async () => {
    await using port = await GuestConsole.open(api, vmi, `portforward/${guest.port}`);
    port.type(guest.question);
    await port.expect(guest.answer, ANSWER_TIMEOUT_MS);
  });

  await step("pause and unpause work, and take it out of the Service", async () => {
    await vm.verb("virtualmachineinstances", "pause", { expect: 200, body: {} });
    await vm.waitForVm("to be paused", {
      timeoutMs: 30_000,
      until: ({ status }) => status?.printableStatus === "Paused",
    });
    await waitForEndpoints(bed, guest.name, 0);
    await vm.verb("virtualmachineinstances", "unpause", { expect: 200, body: {} });
    await vm.waitForVm("to run again", {
      timeoutMs: 30_000,
      until: ({ status }) => status?.printableStatus === "Running",
    });
    await waitForEndpoints(bed, guest.name, 1);
    await waitForAnswer(guest, clients[0]!, await serviceAddress(bed, guest.name));
  });

  await step("stop ends the guest, start brings it back", async () => {
    await vm.verb("virtualmachines", "stop", { expect: 202, body: {} });
    await waitUntil({
      what: "the VMI to be gone",
      timeoutMs: STOP_TIMEOUT_MS,
      look: () => vm.vmi(),
      until: (seen) => seen === undefined,
      tell: (seen) => JSON.stringify(seen?.status ?? {}),
    });
    await vm.waitForVm("to be stopped", {
      timeoutMs: 30_000,
      until: ({ status }) => status?.printableStatus === "Stopped",
    });
    await vm.verb("virtualmachines", "start", { expect: 202, body: {} });
    uid = (await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS, notUid: uid })).metadata
      .uid;
  });

  await step("restart replaces the guest", async () => {
    await vm.verb("virtualmachines", "restart", { expect: 202, body: { gracePeriodSeconds: 0 } });
    await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS, notUid: uid });
    await using terminal = await GuestConsole.open(api, vmi);
    await guest.login(terminal, guest.bootTimeoutMs);
  });

  await step("delete leaves nothing", async () => {
    await vm.delete(DELETE_TIMEOUT_MS);
    await cluster.kubectl(["delete", "service", guest.name]);
    await waitUntil({
      what: "the nodes to be as they were",
      timeoutMs: CLEAN_TIMEOUT_MS,
      intervalMs: 2_000,
      look: async () => {
        const after = await allTraces(bed);
        return after.flatMap((traces, index) =>
          newTraces(before[index]!, traces).map((line) => `${cluster.nodes[index]?.name}: ${line}`)
        );
      },
      until: (left) => left.length === 0,
      tell: (left) => left.join("; "),
    });
    assert.equal(await cluster.kubectl(["get", "leases", "-A", "-o", "name"]), leases);
  });
}

async function allTraces({ cluster }: TestBed): Promise<NodeTraces[]> {
  return await Promise.all(cluster.nodes.map(nodeTraces));
}

/** Rows of cells: columns are two spaces or more apart. */
async function table({ cluster }: TestBed, args: string[]): Promise<string[][]> {
  const text = await cluster.kubectl(args);
  return text.trimEnd().split("\n").map((line) => line.trim().split(/\s{2,}/));
}

async function serviceAddress({ cluster }: TestBed, name: string): Promise<string> {
  return await cluster.kubectl(["get", "service", name, "-o", "jsonpath={.spec.clusterIP}"]);
}

async function waitForAnswer(guest: Guest, client: ClientPod, address: string): Promise<void> {
  await waitUntil({
    what: `the Service of ${guest.name} to answer`,
    timeoutMs: ANSWER_TIMEOUT_MS,
    look: () => guest.ask(client, address),
    until: (seen) => guest.answer.test(seen),
  });
}

async function waitForEndpoints({ api }: TestBed, service: string, ready: number): Promise<void> {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const path =
    `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=${selector}`;
  await waitUntil({
    what: `the Service ${service} to have ${ready} ready endpoints`,
    timeoutMs: 30_000,
    look: async () => {
      const list = await api.get<
        { items: { endpoints: { conditions: { ready?: boolean } }[] | null }[] }
      >(path);
      const endpoints = (list?.items ?? []).flatMap((slice) => slice.endpoints ?? []);
      return endpoints.filter((endpoint) => endpoint.conditions.ready).length;
    },
    until: (seen) => seen === ready,
  });
}
