import assert from "node:assert/strict";
import type { Pod } from "../../../resources/core_objects.ts";
import { parseIpv4Range } from "../../ipv4_range.ts";
import type { LocalService } from "../services/world.ts";
import { type NameAnswer, type NamesWorld, type RecordType, Zone } from "./zone.ts";

function pod(name: string, address: string, isReady: boolean, names: object = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "shop", name, uid: name, labels: { app: "db" } },
    spec: {
      containers: [{ name: "compute", ports: [{ name: "sql", containerPort: 5432 }] }],
      ...names,
    },
    status: {
      phase: "Running",
      podIP: address,
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
    },
  } as unknown as Pod;
}

function service(name: string, spec: LocalService["spec"]): LocalService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "shop", name, uid: name },
    spec: spec ?? {},
  } as LocalService;
}

const SELECTOR = { app: "db" };
const WORLD: NamesWorld = {
  podRange: parseIpv4Range("10.213.0.0/20")!,
  serviceRange: parseIpv4Range("10.213.16.0/20")!,
  services: [
    service("web", {
      clusterIP: "10.213.16.9",
      ports: [{ name: "http", port: 80, targetPort: 8080 }, { port: 81 }],
    }),
    service("db", {
      clusterIP: "None",
      selector: SELECTOR,
      ports: [{ name: "sql", port: 1, targetPort: "sql" }],
    }),
    service("all", { clusterIP: "None", selector: SELECTOR, publishNotReadyAddresses: true }),
    service("elsewhere", { type: "ExternalName", externalName: "Db.Example.org." }),
    service("bare", { clusterIP: "None" }),
    service("other-range", { clusterIP: "10.96.0.9" }),
  ],
  pods: [
    pod("one", "10.213.0.2", true, { hostname: "one", subdomain: "db" }),
    pod("two", "10.213.0.3", true, { hostname: "two" }),
    pod("three", "10.213.0.4", false, { hostname: "three", subdomain: "db" }),
    pod("liar", "192.0.2.1", true, { hostname: "liar", subdomain: "db" }),
  ],
};

const a = (...addresses: string[]): NameAnswer => ({
  kind: "records",
  records: addresses.map((address) => ({ type: "A", address })),
});
const NOTHING: NameAnswer = { kind: "records", records: [] };
const ABSENT: NameAnswer = { kind: "absent" };
const FOREIGN: NameAnswer = { kind: "foreign" };

const CASES: [what: string, name: string, type: RecordType | "other", answer: NameAnswer][] = [
  ["a Service by its address", "web.shop.svc.cluster.local", "A", a("10.213.16.9")],
  ["in any case", "WEB.shop.SVC.cluster.local", "A", a("10.213.16.9")],
  ["of no other type", "web.shop.svc.cluster.local", "other", NOTHING],
  [
    "a headless one by its ready pods",
    "db.shop.svc.cluster.local",
    "A",
    a("10.213.0.2", "10.213.0.3"),
  ],
  [
    "one that publishes all by all of them",
    "all.shop.svc.cluster.local",
    "A",
    a("10.213.0.2", "10.213.0.3", "10.213.0.4"),
  ],
  [
    "a pod of a headless one by its host name",
    "one.db.shop.svc.cluster.local",
    "A",
    a("10.213.0.2"),
  ],
  ["but not of another one", "one.all.shop.svc.cluster.local", "A", ABSENT],
  [
    "a pod without one by its address",
    "10-213-0-3.db.shop.svc.cluster.local",
    "A",
    a("10.213.0.3"),
  ],
  ["a pod that is not ready not at all", "three.db.shop.svc.cluster.local", "A", ABSENT],
  ["a pod with an address of others not at all", "liar.db.shop.svc.cluster.local", "A", ABSENT],
  ["an external name", "elsewhere.shop.svc.cluster.local", "A", {
    kind: "alias",
    target: "db.example.org",
  }],
  ["a headless one without pods", "bare.shop.svc.cluster.local", "A", NOTHING],
  ["a Service of another range", "other-range.shop.svc.cluster.local", "A", NOTHING],
  ["a port of a Service", "_http._tcp.web.shop.svc.cluster.local", "SRV", {
    kind: "records",
    records: [{ type: "SRV", port: 80, target: "web.shop.svc.cluster.local" }],
  }],
  ["a port of a headless one", "_sql._tcp.db.shop.svc.cluster.local", "SRV", {
    kind: "records",
    records: [
      { type: "SRV", port: 5432, target: "one.db.shop.svc.cluster.local" },
      { type: "SRV", port: 5432, target: "10-213-0-3.db.shop.svc.cluster.local" },
    ],
  }],
  ["a Service backwards", "9.16.213.10.in-addr.arpa", "PTR", {
    kind: "records",
    records: [{ type: "PTR", domain: "web.shop.svc.cluster.local" }],
  }],
  ["a pod backwards", "2.0.213.10.in-addr.arpa", "PTR", {
    kind: "records",
    records: [{ type: "PTR", domain: "one.db.shop.svc.cluster.local" }],
  }],
  ["nobody backwards", "77.0.213.10.in-addr.arpa", "PTR", ABSENT],
  ["others backwards", "1.2.0.192.in-addr.arpa", "PTR", FOREIGN],
  ["a namespace, which has names below it", "shop.svc.cluster.local", "A", NOTHING],
  ["what ports are below", "_tcp.web.shop.svc.cluster.local", "A", NOTHING],
  ["the domain", "cluster.local", "A", NOTHING],
  ["no such Service", "nothing.shop.svc.cluster.local", "A", ABSENT],
  ["no such namespace", "web.default.svc.cluster.local", "A", ABSENT],
  ["a name of the world", "example.org", "A", FOREIGN],
  ["a name that ends like ours", "notcluster.local", "A", FOREIGN],
  ["a name that begins like ours", "web.shop.svc", "A", FOREIGN],
];

for (const [what, name, type, answer] of CASES) {
  Deno.test(`Zone.lookUp(): ${what}`, () => {
    assert.deepEqual(new Zone(WORLD).lookUp(name, type), answer);
  });
}
