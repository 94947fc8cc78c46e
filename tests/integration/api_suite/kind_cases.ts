/** What single kinds require, set by themselves, or refuse. */
import { type ApiCase, get, objectOf, patch, post, put, type RequestOptions } from "./api_case.ts";
import {
  CLAIMS,
  CLUSTER_INSTANCETYPES,
  CONFIG_MAPS,
  configMap,
  EVENTS,
  instancetype,
  LEASES,
  pod,
  PODS,
  REPLICA_SETS,
  replicaSet,
  REVISIONS,
  SECRETS,
  SERVICES,
  vm,
  vmi,
  VMIS,
  VMS,
} from "./objects.ts";

const ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

function made(
  name: string,
  status: number,
  path: string,
  body: unknown,
  options: RequestOptions = {},
): ApiCase {
  return { name, steps: [post(status, path, body, options)] };
}

function secret(name: string, more: object): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, ...more };
}

function claim(spec: object): object {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c" }, spec };
}

function service(spec: object): object {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec };
}

function withDisk(disk: object): object {
  return vmi("a", { spec: { domain: { devices: { disks: [disk] } } } });
}

export const KIND_CASES: readonly ApiCase[] = [
  made("secret: text becomes data", 201, SECRETS, secret("s", { stringData: { a: "one" } })),
  made(
    "secret: has a type",
    201,
    SECRETS,
    secret("s", { data: { a: "b25l" }, type: "example.org/x" }),
  ),
  made("secret: data is base64", 400, SECRETS, secret("s", { data: { a: "%" } }), {
    statusOnly: "the text comes from Go's JSON reader",
  }),
  made("secret: keys are file names", 422, SECRETS, secret("s", { stringData: { "a/b": "" } })),
  {
    name: "secret: its type stays",
    steps: [
      post(201, SECRETS, secret("s", { type: "example.org/x" })),
      patch.merge(422, `${SECRETS}/s`, { type: "example.org/y" }),
    ],
  },
  {
    name: "secret: an immutable one stays as it is",
    steps: [
      post(201, SECRETS, secret("s", { stringData: { a: "1" }, immutable: true })),
      patch.merge(422, `${SECRETS}/s`, { stringData: { a: "2" } }),
    ],
  },
  made(
    "config map: keys are file names",
    422,
    CONFIG_MAPS,
    configMap("a", { data: { "a/b": "" } }),
  ),
  made("config map: binary data", 201, CONFIG_MAPS, {
    ...configMap("a"),
    binaryData: { b: "AAE=" },
  }),
  made("config map: one key in both", 422, CONFIG_MAPS, {
    ...configMap("a", { data: { b: "" } }),
    binaryData: { b: "AAE=" },
  }),
  made("pod: what is not said has defaults", 201, PODS, pod("p")),
  made(
    "pod: requests follow limits",
    201,
    PODS,
    pod("p", {
      spec: {
        containers: [{
          name: "main",
          image: "registry.example/main",
          resources: { limits: { cpu: "1500m", memory: "64Mi" } },
        }],
      },
    }),
  ),
  made("pod: without containers", 422, PODS, pod("p", { spec: { containers: [] } })),
  made(
    "pod: containers share no name",
    422,
    PODS,
    pod("p", { spec: { containers: [1, 2].map(() => ({ name: "a", image: "a" })) } }),
  ),
  made(
    "pod: mounts what it has",
    422,
    PODS,
    pod("p", {
      spec: {
        containers: [{ name: "a", image: "a", volumeMounts: [{ name: "x", mountPath: "/x" }] }],
      },
    }),
  ),
  {
    name: "pod: its spec stays",
    steps: [
      post(201, PODS, pod("p")),
      patch.merge(422, `${PODS}/p`, { spec: { terminationGracePeriodSeconds: 5 } }),
      patch.strategic(200, `${PODS}/p`, {
        spec: { containers: [{ name: "main", image: "registry.example/main:3" }] },
      }),
    ],
  },
  {
    name: "pod: is bound to a node once",
    steps: [
      post(201, PODS, pod("p")),
      post(201, `${PODS}/p/binding`, binding("n1")),
      get(200, `${PODS}/p`),
      post(409, `${PODS}/p/binding`, binding("n2")),
    ],
  },
  {
    name: "pod: status is written beside it",
    steps: [
      post(201, PODS, pod("p")),
      patch.merge(200, `${PODS}/p/status`, { status: { phase: "Running", podIP: "10.0.0.9" } }),
      get(200, `${PODS}/p`),
    ],
  },
  made(
    "claim: what is not said has defaults",
    201,
    CLAIMS,
    claim({
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
    }),
  ),
  made("claim: without a size", 422, CLAIMS, claim({ accessModes: ["ReadWriteOnce"] })),
  made(
    "claim: without an access mode",
    422,
    CLAIMS,
    claim({
      resources: { requests: { storage: "1Gi" } },
    }),
  ),
  {
    name: "claim: its spec stays",
    steps: [
      post(
        201,
        CLAIMS,
        claim({
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: "1Gi" } },
        }),
      ),
      patch.merge(422, `${CLAIMS}/c`, { spec: { volumeName: "x", volumeMode: "Block" } }),
    ],
  },
  made(
    "service: without an address of its own",
    201,
    SERVICES,
    service({
      clusterIP: "None",
      selector: { a: "b" },
      ports: [{ port: 22 }],
    }),
  ),
  made(
    "service: a port out of range",
    422,
    SERVICES,
    service({
      clusterIP: "None",
      ports: [{ port: 70000 }],
    }),
  ),
  made(
    "service: ports share no name",
    422,
    SERVICES,
    service({
      clusterIP: "None",
      ports: [{ name: "a", port: 1 }, { name: "a", port: 2 }],
    }),
  ),
  made("service: without ports", 422, SERVICES, service({ type: "ClusterIP" })),
  made("lease: kept as it is", 201, LEASES, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "l" },
    spec: { holderIdentity: "me", leaseDurationSeconds: 4, leaseTransitions: 1 },
  }),
  made("lease: lasts some time", 422, LEASES, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "l" },
    spec: { leaseDurationSeconds: 0 },
  }),
  made("event: kept as it is", 201, EVENTS, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e" },
    involvedObject: { kind: "Pod", name: "p", namespace: "{ns}" },
    reason: "Tested",
    message: "It was tried",
    type: "Normal",
    count: 1,
  }),
  made("event: of this namespace", 422, EVENTS, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e" },
    involvedObject: { kind: "Pod", name: "p", namespace: "elsewhere" },
    reason: "Tested",
  }),
  {
    name: "revision: its data stays",
    steps: [
      post(201, REVISIONS, {
        apiVersion: "apps/v1",
        kind: "ControllerRevision",
        metadata: { name: "r" },
        data: { a: 1 },
        revision: 1,
      }),
      patch.merge(422, `${REVISIONS}/r`, { data: { a: 2 } }),
    ],
  },
  made("vm: without a template", 422, VMS, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "v" },
    spec: { runStrategy: "Always" },
  }),
  made("vm: without a spec", 422, VMS, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "v" },
  }),
  made("vm: a field of the wrong type", 422, VMS, vm("v", { spec: { runStrategy: 5 } })),
  made(
    "vmi: all that is wrong is told",
    422,
    VMIS,
    vmi("a", {
      spec: {
        terminationGracePeriodSeconds: "soon",
        domain: { devices: { disks: [{ bootOrder: "first" }] }, cpu: { cores: -1 } },
      },
    }),
  ),
  made(
    "vmi: a number or a text where both may be",
    201,
    VMIS,
    vmi("a", {
      spec: {
        domain: { devices: {}, memory: { guest: "1Gi" }, resources: { requests: { cpu: 2 } } },
      },
    }),
  ),
  made(
    "vmi: a text that is no quantity",
    422,
    VMIS,
    vmi("a", {
      spec: { domain: { devices: {}, memory: { guest: "much" } } },
    }),
  ),
  made(
    "vmi: unknown fields are pruned, however deep",
    201,
    VMIS,
    withDisk({
      name: "d",
      colour: "red",
      disk: { bus: "virtio", shape: "round" },
    }),
  ),
  made("vmi: a name that is missing in a list", 422, VMIS, withDisk({ disk: {} })),
  made("vmi: a null where none may be", 201, VMIS, withDisk({ name: "d", disk: null })),
  made(
    "vmi: keys of a list are unique",
    422,
    VMIS,
    vmi("a", {
      spec: {
        domain: { devices: {} },
        tolerations: [{ key: "x" }],
        accessCredentials: [{ sshPublicKey: "x" }],
      },
    }),
  ),
  made("instancetype: what is required", 422, CLUSTER_INSTANCETYPES, {
    ...instancetype("{ns}-a"),
    spec: {},
  }),
  {
    name: "instancetype: may be changed as its schema allows",
    steps: [
      post(201, CLUSTER_INSTANCETYPES, instancetype("{ns}-a")),
      (answers) =>
        put(200, `${CLUSTER_INSTANCETYPES}/{ns}-a`, {
          ...objectOf(answers),
          spec: { cpu: { guest: 4 }, memory: { guest: "2Gi" } },
        }),
    ],
  },
  made("replica set: defaults of its schema", 201, REPLICA_SETS, replicaSet("r", 1)),
  made(
    "vm: defaults of its schema go where they belong",
    201,
    VMS,
    vm("v", {
      spec: {
        template: {
          spec: {
            domain: { devices: {} },
            volumes: [{ name: "c", configMap: {} }, {
              name: "s",
              cloudInitNoCloud: { secretRef: {} },
            }],
          },
        },
      },
    }),
  ),
  made(
    "vm: metadata of the template keeps what it is given",
    201,
    VMS,
    vm("v", {
      spec: {
        template: {
          metadata: { labels: { a: "b" }, odd: { x: 1 } },
          spec: { domain: { devices: {} } },
        },
      },
    }),
  ),
  made(
    "access: an administrator may",
    201,
    ACCESS_REVIEWS,
    accessReview("delete", "virtualmachines"),
  ),
  {
    name: "access: nobody is nobody",
    steps: [get(401, VMS, { as: "stranger" })],
  },
  {
    name: "access: who an administrator is",
    steps: [
      post(201, "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
        apiVersion: "authentication.k8s.io/v1",
        kind: "SelfSubjectReview",
      }, { statusOnly: "every installation names its own" }),
    ],
  },
];

function binding(node: string): object {
  return {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: "p" },
    target: { apiVersion: "v1", kind: "Node", name: node },
  };
}

function accessReview(verb: string, resource: string): object {
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { group: "kubevirt.io", resource, verb, namespace: "{ns}" } },
  };
}
