/** What Services share: addresses and ports of the machine, handed out by the server. Fixed ports are each case's own. */
import { type ApiCase, get, objectOf, patch, post, put, remove } from "./api_case.ts";
import { SERVICES } from "./objects.ts";

const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

function service(spec: object, name = "s"): object {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec };
}

const HTTP = [{ port: 80 }];
const SELECTED = { selector: { a: "b" }, ports: HTTP };

function made(name: string, status: number, spec: object): ApiCase {
  return { name: `service: ${name}`, steps: [post(status, SERVICES, service(spec))] };
}

export const SERVICE_CASES: readonly ApiCase[] = [
  made("an address is chosen for it", 201, SELECTED),
  made("a port of the machine is chosen for it", 201, { ...SELECTED, type: "NodePort" }),
  made("a load balancer has a port of the machine", 201, { ...SELECTED, type: "LoadBalancer" }),
  made("a load balancer without ports of the machine", 201, {
    ...SELECTED,
    type: "LoadBalancer",
    allocateLoadBalancerNodePorts: false,
  }),
  made("the port of the machine that is asked for", 201, {
    ...SELECTED,
    type: "NodePort",
    ports: [{ port: 80, nodePort: 30_001 }],
  }),
  made("TCP and UDP share a port of the machine", 201, {
    ...SELECTED,
    type: "NodePort",
    ports: [{ port: 53, name: "a" }, { port: 53, name: "b", protocol: "UDP" }],
  }),
  made("TCP follows the port of the machine that UDP asks for", 201, {
    ...SELECTED,
    type: "NodePort",
    ports: [{ port: 53, name: "a" }, { port: 53, name: "b", protocol: "UDP", nodePort: 30_002 }],
  }),
  made("one port of the machine for two ports", 422, {
    ...SELECTED,
    type: "NodePort",
    ports: [{ port: 80, name: "a", nodePort: 30_003 }, { port: 81, name: "b", nodePort: 30_003 }],
  }),
  made("a port of the machine that is out of range", 422, {
    ...SELECTED,
    type: "NodePort",
    ports: [{ port: 80, nodePort: 80 }],
  }),
  made("no port of the machine for an address within", 422, {
    ...SELECTED,
    ports: [{ port: 80, nodePort: 30_004 }],
  }),
  made("an address that is out of range", 422, { ...SELECTED, clusterIP: "192.0.2.1" }),
  made("the address of the range itself", 422, { ...SELECTED, clusterIP: "10.96.0.0" }),
  made("what is no address", 422, { ...SELECTED, clusterIP: "abc" }),
  made("a name of elsewhere has neither", 201, { type: "ExternalName", externalName: "a.example" }),
  {
    name: "service: a port of the machine is one service's, until that is gone",
    steps: [
      post(201, SERVICES, service({ ...SELECTED, type: "NodePort", ports: [asking(30_005)] })),
      post(422, SERVICES, service({ ...SELECTED, type: "NodePort", ports: [asking(30_005)] }, "t")),
      remove(200, `${SERVICES}/s`),
      post(201, SERVICES, service({ ...SELECTED, type: "NodePort", ports: [asking(30_005)] }, "t")),
    ],
  },
  {
    name: "service: an address is one service's",
    steps: [
      post(201, SERVICES, service(SELECTED)),
      (answers) =>
        post(422, SERVICES, service({ ...SELECTED, clusterIP: addressOf(answers) }, "t")),
    ],
  },
  {
    name: "service: what was chosen stays when it is left out",
    steps: [
      post(201, SERVICES, service({ ...SELECTED, type: "NodePort" })),
      (answers) =>
        put(200, `${SERVICES}/s`, {
          ...objectOf(answers),
          spec: { ...SELECTED, type: "NodePort" },
        }),
      patch.merge(200, `${SERVICES}/s`, { spec: { ports: [{ port: 80, targetPort: 81 }] } }),
      patch.merge(200, `${SERVICES}/s`, { spec: { clusterIP: null, clusterIPs: null } }),
    ],
  },
  {
    name: "service: an address may not be changed",
    steps: [
      post(201, SERVICES, service(SELECTED)),
      patch.merge(422, `${SERVICES}/s`, { spec: { clusterIP: "10.96.0.77" } }),
      patch.merge(422, `${SERVICES}/s`, { spec: { clusterIP: "None" } }),
    ],
  },
  {
    name: "service: a port of the machine may be changed",
    steps: [
      post(201, SERVICES, service({ ...SELECTED, type: "NodePort" })),
      patch.merge(200, `${SERVICES}/s`, { spec: { ports: [asking(30_006)] } }),
      patch.merge(422, `${SERVICES}/s`, { spec: { ports: [asking(1)] } }),
    ],
  },
  {
    name: "service: what its type has comes and goes with it",
    steps: [
      post(201, SERVICES, service(SELECTED)),
      patch.merge(200, `${SERVICES}/s`, { spec: { type: "NodePort" } }),
      patch.merge(200, `${SERVICES}/s`, { spec: { type: "LoadBalancer" } }),
      patch.merge(200, `${SERVICES}/s`, { spec: { type: "ClusterIP" } }),
      patch.merge(200, `${SERVICES}/s`, {
        spec: { type: "ExternalName", externalName: "a.example" },
      }),
      patch.merge(200, `${SERVICES}/s`, { spec: { type: "NodePort", externalName: null } }),
    ],
  },
  {
    name: "service: applied again, it is as it was",
    steps: [
      patch.apply(201, `${SERVICES}/s?fieldManager=a`, service({ ...SELECTED, type: "NodePort" })),
      patch.apply(200, `${SERVICES}/s?fieldManager=a`, service({ ...SELECTED, type: "NodePort" })),
    ],
  },
  {
    name: "service: its columns",
    steps: [
      post(201, SERVICES, service({ ...SELECTED, type: "NodePort", ports: [asking(30_007)] }, "a")),
      post(
        201,
        SERVICES,
        service({ ...SELECTED, type: "LoadBalancer", ports: [asking(30_008)] }, "b"),
      ),
      post(201, SERVICES, service({ type: "ExternalName", externalName: "a.example" }, "c")),
      post(201, SERVICES, service({ ports: HTTP, clusterIP: "None" }, "d")),
      post(201, SERVICES, service({ ports: HTTP, externalIPs: ["192.0.2.7"] }, "e")),
      patch.merge(200, `${SERVICES}/b/status`, {
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.8" }, { hostname: "b.example" }] } },
      }),
      get(200, SERVICES, TABLE),
    ],
  },
];

function asking(nodePort: number): object {
  return { port: 80, nodePort };
}

function addressOf(answers: Parameters<typeof objectOf>[0]): string {
  return (objectOf(answers) as unknown as { spec: { clusterIP: string } }).spec.clusterIP;
}
