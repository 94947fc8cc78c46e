/** Services on the machine's real network: the embedded API server, the reconciler, nftables, and pods' namespaces without guests. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { NotFoundError } from "../../src/kube/client.ts";
import { EVENTS, PODS, SERVICES } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { SYSTEM_CLOCK } from "../../src/runtime/clock.ts";
import { EventRecorder } from "../../src/runtime/event_recorder.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { MetricsRegistry } from "../../src/runtime/metrics.ts";
import { openServerBed } from "../../src/standalone/apiserver/testing/server_bed.ts";
import {
  applyMachineNetwork,
  makePodNetwork,
  nft,
  removeMachineNetwork,
  removePodNetwork,
} from "../../src/standalone/local/network/apply_machine_network.ts";
import { gatewayOf, hostAt } from "../../src/standalone/ipv4_range.ts";
import { machineAddress } from "../../src/standalone/local/local_node.ts";
import { GuestNames } from "../../src/standalone/local/names/guest_names.ts";
import { NameServer } from "../../src/standalone/local/names/name_server.ts";
import { Zone } from "../../src/standalone/local/names/zone.ts";
import {
  type MachineNetwork,
  NAME_PORT,
  namespaceOf,
  renderNamesFallback,
  serviceTableOf,
} from "../../src/standalone/local/network/machine_network.ts";
import { createServiceController } from "../../src/standalone/local/services/controller.ts";
import type { LocalService } from "../../src/standalone/local/services/world.ts";
import { freeRanges } from "../../src/standalone/run/private_place.ts";
import { waitUntil } from "../cluster/wait_until.ts";

/** Of this process, beside what else the machine has. */
const NETWORK: MachineNetwork = { bridge: `dvs${Deno.pid}`, ...freeRanges() };
const RANGES = { podRange: NETWORK.range, serviceRange: NETWORK.serviceRange };
const GATEWAY = gatewayOf(NETWORK.range);
/** Of NETWORK's Services, and of none of them. */
const OTHER = hostAt(NETWORK.serviceRange, 97);
const POD_PORT = 8080;
const SLOW_MS = 30_000;
const ANSWER_MS = 20_000;

Deno.test({
  name: "Services lead from the machine's ports to ready pods",
  ignore: Deno.uid() !== 0,
  async fn(context) {
    await using parts = new AsyncDisposableStack();
    const bed = parts.use(await openServerBed({ serviceRange: NETWORK.serviceRange }));
    const client = parts.use(bed.server.client());
    parts.defer(() => removeMachineNetwork(NETWORK));
    await applyMachineNetwork(NETWORK);
    const pods = new Pods(client, parts);
    const first = await pods.add("first", hostAt(NETWORK.range, 0));
    const leading = { current: parts.use(startServices(client)) };
    const web = await createService(client, "web", {
      type: "NodePort",
      ports: [
        { name: "tcp", port: 80, targetPort: POD_PORT },
        { name: "udp", port: 80, targetPort: POD_PORT, protocol: "UDP" },
      ],
    });
    const nodePort = () => web.spec?.ports?.[0]?.nodePort ?? 0;
    const inside = web.spec?.clusterIP ?? "";

    await context.step("before a pod is ready, nobody answers", async () => {
      await until("port to be closed", () => ask("127.0.0.1", nodePort()), "refused");
      assert.equal(await ask(inside, 80), "refused");
    });

    await context.step(
      "a ready pod answers on loopback, on its address, by TCP and UDP",
      async () => {
        await pods.setReady("first", true);
        await until("first to answer", () => ask("127.0.0.1", nodePort()), "first");
        assert.equal(await ask(gatewayOf(NETWORK.range), nodePort()), "first");
        assert.equal(await ask(inside, 80), "first");
        assert.equal(await askUdp("127.0.0.1", nodePort()), "first");
        assert.equal(await askUdp(inside, 80), "first");
      },
    );

    await context.step("every ready pod gets some of it, and pods reach Services too", async () => {
      const second = await pods.add("second", hostAt(NETWORK.range, 1));
      await pods.setReady("second", true);
      const seen = new Set<string>();
      await waitUntil({
        what: "both to have answered",
        timeoutMs: SLOW_MS,
        look: async () => seen.add(await ask("127.0.0.1", nodePort())),
        until: () => seen.has("first") && seen.has("second"),
      });
      assert.match(await askFrom(second, inside), /^(first|second)$/);
      assert.match(await askFrom(first, inside), /^(first|second)$/);
    });

    await context.step("pods find Services by name, and go on finding others later", async () => {
      const name = "web.default.svc.cluster.local.";
      {
        await using _ = await openNames(client);
        await until("the name", () => resolveFrom(first, name), inside);
        await createService(client, "later", { clusterIP: "None" });
        const later = "later.default.svc.cluster.local.";
        const both = [0, 1].map((each) => hostAt(NETWORK.range, each)).join(" ");
        await until("a later one", () => resolveFrom(first, later), both);
      }
      // As if it were the machine's own name server, which is asked when nobody else answers.
      const services = [{
        metadata: { name: "web", namespace: "default" },
        spec: { clusterIP: OTHER },
      }];
      const zone = new Zone({ ...RANGES, services: services as LocalService[], pods: [] });
      const address = machineAddress();
      await using _other = await NameServer.listen({
        listen: { address, port: NAME_PORT },
        zone: () => zone,
        upstream: () => Promise.resolve([]),
      });
      await nft(renderNamesFallback(NETWORK, address));
      assert.equal(await resolveFrom(first, name), OTHER);
      await applyMachineNetwork(NETWORK);
      await using _again = await openNames(client);
      await until("the name, of who answers again", () => resolveFrom(first, name), inside);
    });

    await context.step("a pod that is not ready gets nothing more", async () => {
      await pods.setReady("first", false);
      const seen: string[] = [];
      await waitUntil({
        what: "second alone to answer, ten times over",
        timeoutMs: SLOW_MS,
        look: async () => {
          seen.push(await ask("127.0.0.1", nodePort()));
          return seen.slice(-10);
        },
        until: (last) => last.length === 10 && last.every((each) => each === "second"),
      });
      await pods.setReady("second", false);
      await until("port to be closed", () => ask("127.0.0.1", nodePort()), "refused");
      assert.equal(await ask(inside, 80), "refused");
      await pods.setReady("first", true);
      await until("first to answer", () => ask("127.0.0.1", nodePort()), "first");
    });

    await context.step(
      "a port that a program has stays its own, is told, and tried again",
      async () => {
        const program = Deno.listen({ hostname: "127.0.0.1", port: 0 });
        const { port } = program.addr as Deno.NetAddr;
        await createService(client, "taken", {
          type: "LoadBalancer",
          ports: [{ port, targetPort: POD_PORT }],
        });
        const told = await untilService(
          client,
          "taken",
          ({ status }) => status?.conditions?.some(({ reason }) => reason === "PortInUse") ?? false,
        );
        assert.deepEqual(told.status?.loadBalancer, {});
        await waitUntil({
          what: "the event",
          timeoutMs: SLOW_MS,
          look: async () =>
            (await client.list<KubeObject & { reason: string }>(EVENTS, { namespace: "default" }))
              .items,
          until: (events) => events.some(({ reason }) => reason === "PortInUse"),
        });
        program.close();
        await client.patch(SERVICES, { namespace: "default", name: "taken" }, {
          metadata: { labels: { looked: "again" } },
        });
        const open = await untilService(
          client,
          "taken",
          ({ status }) => status?.loadBalancer?.ingress !== undefined,
        );
        assert.equal(open.status?.loadBalancer?.ingress?.[0]?.ip, "127.0.0.1");
        assert.equal(open.status?.conditions, undefined);
        assert.equal(await ask("127.0.0.1", port), "first");
      },
    );

    await context.step("the next process brings back what is gone", async () => {
      await leading.current[Symbol.asyncDispose]();
      assert.equal(await ask("127.0.0.1", nodePort()), "first");
      await nft(`delete table ip ${serviceTableOf(NETWORK)}`);
      assert.equal(await ask("127.0.0.1", nodePort()), "refused");
      leading.current = parts.use(startServices(client));
      await until("first to answer", () => ask("127.0.0.1", nodePort()), "first");
    });

    await context.step("a Service that is deleted leaves nothing", async () => {
      for (const name of ["web", "taken"]) {
        await client.delete(SERVICES, { namespace: "default", name });
      }
      await until("port to be closed", () => ask("127.0.0.1", nodePort()), "refused");
      await waitUntil({
        what: "the table to be gone",
        timeoutMs: SLOW_MS,
        look: tables,
        until: (listed) => !listed.includes(serviceTableOf(NETWORK)),
      });
    });
  },
});

class Pods {
  constructor(readonly client: FetchClient, readonly parts: AsyncDisposableStack) {}

  /** Answers its UID, which its namespace is named for. */
  async add(name: string, address: string): Promise<string> {
    const { metadata } = await this.client.create<Pod>(PODS, {
      metadata: { name, labels: { "vm.kubevirt.io/name": "web" } },
      spec: { nodeName: "here", containers: [{ name: "compute", image: "registry.example/none" }] },
    }, { namespace: "default" });
    const podUid = metadata.uid;
    this.parts.defer(() => removePodNetwork(podUid));
    await makePodNetwork(NETWORK, { podUid, address }, AbortSignal.timeout(SLOW_MS));
    this.parts.use(await listenIn(podUid, name));
    await this.#write(name, { phase: "Running", podIP: address });
    return podUid;
  }

  async setReady(name: string, isReady: boolean): Promise<void> {
    await this.#write(name, {
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
    });
  }

  async #write(name: string, status: object): Promise<void> {
    const key = { namespace: "default", name };
    await this.client.patch(PODS, key, { status }, { subresource: "status" });
  }
}

/** A program in the pod's namespace that says its name to whoever asks. */
async function listenIn(podUid: string, name: string): Promise<AsyncDisposable> {
  const program = `
    import { createServer } from "node:net";
    import { createSocket } from "node:dgram";
    createServer((socket) => socket.on("error", () => {}).end("${name}")).listen(${POD_PORT}, "0.0.0.0", () => {
      const udp = createSocket("udp4");
      udp.on("message", (_, { address, port }) => udp.send("${name}", port, address));
      udp.bind(${POD_PORT}, () => console.log("ready"));
    });`;
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespaceOf(podUid), Deno.execPath(), "eval", "--no-config", program],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  assert.ok(!done, `the program of ${name} has ended`);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Of a process of its own, with what else it has. */
function informersOf(client: FetchClient) {
  const shared = {
    client,
    logger: SILENT_LOGGER,
    clock: SYSTEM_CLOCK,
    metrics: new MetricsRegistry(),
  };
  return {
    ...shared,
    services: new Informer<LocalService>({ ...shared, resource: SERVICES }),
    pods: new Informer<Pod>({ ...shared, resource: PODS }),
  };
}

function startServices(client: FetchClient): AsyncDisposable {
  const stop = new AbortController();
  const { services, pods, ...shared } = informersOf(client);
  const events = new EventRecorder({ ...shared, component: "local-kubelet", instance: "here" });
  const controller = createServiceController({
    ...shared,
    events,
    services,
    pods,
    network: NETWORK,
    balancerAddress: "127.0.0.1",
    shownAddress: "127.0.0.1",
  });
  const running = Promise.all(
    [events, services, pods, controller].map((each) => each.run(stop.signal)),
  );
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function createService(
  client: FetchClient,
  name: string,
  spec: object,
): Promise<LocalService> {
  return await client.create<LocalService>(SERVICES, {
    metadata: { name },
    spec: { selector: { "vm.kubevirt.io/name": "web" }, ...spec },
  }, { namespace: "default" });
}

async function untilService(
  client: FetchClient,
  name: string,
  holds: (service: LocalService) => boolean,
): Promise<LocalService> {
  const service = await waitUntil({
    what: `Service ${name}`,
    timeoutMs: SLOW_MS,
    look: () => client.get<LocalService>(SERVICES, { namespace: "default", name }),
    until: (seen) => seen !== undefined && holds(seen),
    tell: (seen) => JSON.stringify(seen),
  });
  if (service === undefined) throw new NotFoundError(404, {}, name);
  return service;
}

async function until(what: string, look: () => Promise<string>, wanted: string): Promise<void> {
  await waitUntil({
    what,
    timeoutMs: SLOW_MS,
    look,
    until: (seen) => seen === wanted,
    tell: String,
  });
}

async function ask(hostname: string, port: number): Promise<string> {
  try {
    using connection = await Deno.connect({ hostname, port });
    const bytes = new Uint8Array(64);
    const count = await connection.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "refused";
    throw error;
  }
}

async function askUdp(hostname: string, port: number): Promise<string> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("nothing"), ANSWER_MS);
  try {
    socket.on("message", (text) => resolve(String(text)));
    socket.send("who", port, hostname);
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** From a pod's namespace. */
async function askFrom(podUid: string, hostname: string): Promise<string> {
  const { stdout } = await new Deno.Command("ip", {
    args: [
      ...["netns", "exec", namespaceOf(podUid), "timeout", "10", "bash", "-c"],
      `exec 3<>/dev/tcp/${hostname}/80; cat <&3`,
    ],
  }).output();
  return new TextDecoder().decode(stdout);
}

/** What a resolver in the pod's namespace says, that asks as resolv.conf tells it to. */
async function resolveFrom(podUid: string, name: string): Promise<string> {
  const program = `
    const nameServer = { ipAddr: "${GATEWAY}", port: ${NAME_PORT} };
    const seen = await Deno.resolveDns("${name}", "A", { nameServer }).catch(() => ["nobody answers"]);
    console.log(seen.join(" "));`;
  const { stdout } = await new Deno.Command("ip", {
    args: ["netns", "exec", namespaceOf(podUid), Deno.execPath(), "eval", "--no-config", program],
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** With informers of its own, as the kubelet has them. */
async function openNames(client: FetchClient): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const { services, pods, ...shared } = informersOf(client);
  const running = Promise.all([services, pods].map((each) => each.run(stop.signal)));
  const names = await GuestNames.open({ ...shared, network: NETWORK, services, pods });
  assert.equal(names.address, GATEWAY);
  return {
    async [Symbol.asyncDispose]() {
      await names[Symbol.asyncDispose]();
      stop.abort();
      await running;
    },
  };
}

async function tables(): Promise<string> {
  const { stdout } = await new Deno.Command("nft", { args: ["list", "tables"] }).output();
  return new TextDecoder().decode(stdout);
}
