import assert from "node:assert/strict";
import { NODES, PODS } from "../../../kube/core_resources.ts";
import type { Node, Pod } from "../../../resources/core_objects.ts";
import { SYSTEM_CLOCK } from "../../../runtime/clock.ts";
import { Informer } from "../../../runtime/informer.ts";
import { JsonLogger } from "../../../runtime/log.ts";
import { MetricsRegistry } from "../../../runtime/metrics.ts";
import { eventually } from "../../../runtime/testing/eventually.ts";
import { openServerBed } from "../../apiserver/testing/server_bed.ts";
import { ImageArchives } from "../../images/image_archives.ts";
import { ImageStore } from "../../images/image_store.ts";
import { parseIpv4Range } from "../../ipv4_range.ts";
import { AddressPool } from "../network/address_pool.ts";
import { PodCgroups } from "../pod_cgroups.ts";
import { PodImages } from "../pod_images.ts";
import { PodSandboxes } from "../pod_sandbox.ts";
import { Prober } from "../probes/prober.ts";
import { PodActor } from "./act.ts";
import { createPodController } from "./controller.ts";
import { NodeRoom } from "./node_room.ts";
import { UID_INDEX } from "./observe.ts";

const NODE_NAME = "n1";
const RANGE = parseIpv4Range("10.224.0.0/24")!;
const PODS_COUNT = 4;

/** As many as fit on the node are one. */
function pod(name: string): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { "kubevirt.io": "virt-launcher" } },
    spec: {
      containers: [{
        name: "compute",
        image: "denovirt.local/absent:1",
        imagePullPolicy: "Never",
        resources: { requests: { memory: "600Mi" } },
      }],
    },
  };
}

Deno.test({
  name: "createPodController() binds no more pods than fit, though all of them come at once",
  ignore: Deno.uid() !== 0,
  async fn() {
    const directory = await Deno.makeTempDir();
    await using bed = await openServerBed();
    using client = bed.server.client();
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: NODE_NAME },
      status: { allocatable: { cpu: "4", memory: "1Gi", pods: "100" } },
    };
    await client.create(NODES, node);
    await client.patch(NODES, { name: NODE_NAME }, { status: node.status }, {
      subresource: "status",
    });
    const logger = new JsonLogger({ level: "error" });
    const shared = { client, logger };
    const pods = new Informer<Pod>({
      ...shared,
      resource: PODS,
      indexes: { [UID_INDEX]: ({ metadata }) => [metadata.uid] },
    });
    const nodes = new Informer<Node>({ ...shared, resource: NODES });
    const clock = SYSTEM_CLOCK;
    const events = { record() {} };
    const stop = new AbortController();
    const cgroups = await PodCgroups.open(`denovirt-test-${crypto.randomUUID()}`, clock);
    const kubeletRoot = `${directory}/kubelet`;
    const records = `${kubeletRoot}/records`;
    await Deno.mkdir(records, { recursive: true });
    const images = new PodImages({
      store: await ImageStore.open({
        directory: `${directory}/images`,
        archives: new ImageArchives([]),
        bytesMax: 1,
        inUse: () => [],
      }),
      builtIn: new Map(),
      clock,
      log: logger,
      onChange: () => {},
    });
    using prober = new Prober({ clock, events, onChange: () => {} });
    const parts = {
      sandboxes: new PodSandboxes({ nativeDirectory: "", recordDirectory: records }),
      images,
      prober,
      cgroups,
      room: new NodeRoom({ nodeName: NODE_NAME, pods }),
      addresses: await AddressPool.open(`${directory}/addresses.json`, RANGE),
    };
    const controller = createPodController({
      observed: { ...parts, nodeName: NODE_NAME, pods, nodes, kubeletRoot, clock },
      actor: new PodActor({
        ...parts,
        client,
        nameServer: undefined,
        network: { bridge: "none", range: RANGE, serviceRange: RANGE },
        places: {
          kubeletRoot,
          secretsRoot: `${directory}/secrets`,
          claimDirectory: () => Promise.reject(new Error("there are none")),
        },
        lifetime: stop.signal,
      }),
      events,
      logger,
      clock,
      metrics: new MetricsRegistry(),
    });
    for (let index = 0; index < PODS_COUNT; index++) {
      await client.create(PODS, pod(`p${index}`), { namespace: "default" });
    }
    const running = [pods, nodes, controller].map((each) => each.run(stop.signal));
    try {
      const isTold = ({ spec, status }: Pod) =>
        spec.nodeName !== undefined ||
        status?.conditions?.some(({ reason }) => reason === "Unschedulable") === true;
      await eventually("each pod is bound or told why not", () => {
        const all = pods.list();
        return all.length === PODS_COUNT && all.every(isTold);
      });
      const bound = pods.list().filter(({ spec }) => spec.nodeName !== undefined);
      assert.equal(bound.length, 1);
    } finally {
      stop.abort();
      await Promise.all(running);
      await cgroups.close();
      await Deno.remove(directory, { recursive: true });
    }
  },
});
