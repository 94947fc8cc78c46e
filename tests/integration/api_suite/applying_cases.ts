/** What server-side apply does: ownership, conflicts, removal of what nobody wants any more. */
import { type ApiCase, get, objectOf, patch, post, put } from "./api_case.ts";
import {
  CLUSTER_INSTANCETYPES,
  CONFIG_MAPS,
  configMap,
  instancetype,
  pod,
  PODS,
  SERVICES,
  vm,
  VMS,
} from "./objects.ts";

const ONE = `${CONFIG_MAPS}/a`;

function data(values: Record<string, string>): object {
  return configMap("a", { data: values });
}

function apply(status: number, manager: string, body: unknown, query = "") {
  return patch.apply(status, `${ONE}?fieldManager=${manager}${query}`, body);
}

function applyVm(status: number, manager: string, body: unknown, query = "") {
  return patch.apply(status, `${VMS}/v?fieldManager=${manager}${query}`, body);
}

function disks(...names: string[]): object {
  return {
    template: {
      spec: {
        domain: { devices: { disks: names.map((name) => ({ name, disk: { bus: "virtio" } })) } },
        volumes: names.map((name) => ({ name, emptyDisk: { capacity: "1Gi" } })),
      },
    },
  };
}

export const APPLYING_CASES: readonly ApiCase[] = [
  {
    name: "apply: makes what is not there",
    steps: [apply(201, "one", data({ a: "1" })), get(200, ONE)],
  },
  { name: "apply: makes a custom object", steps: [applyVm(201, "one", vm("v"))] },
  {
    name: "apply: again is nothing written",
    steps: [
      apply(201, "one", data({ a: "1" })),
      apply(200, "one", data({ a: "1" })),
      get(200, ONE),
    ],
  },
  {
    name: "apply: again on a custom object is nothing written",
    steps: [applyVm(201, "one", vm("v")), applyVm(200, "one", vm("v"))],
  },
  {
    name: "apply: a field that is left out goes when nobody else has it",
    steps: [apply(201, "one", data({ a: "1", b: "2" })), apply(200, "one", data({ a: "1" }))],
  },
  {
    name: "apply: a field that is left out stays when another has it",
    steps: [
      apply(201, "one", data({ a: "1", b: "2" })),
      apply(200, "two", data({ b: "2" })),
      apply(200, "one", data({ a: "1" })),
    ],
  },
  {
    name: "apply: the same value is owned by both",
    steps: [apply(201, "one", data({ a: "1" })), apply(200, "two", data({ a: "1" }))],
  },
  {
    name: "apply: another's value is a conflict",
    steps: [
      apply(201, "one", data({ a: "1" })),
      apply(409, "two", data({ a: "2" })),
      get(200, ONE),
    ],
  },
  {
    name: "apply: all conflicts are told",
    steps: [
      apply(201, "one", data({ a: "1", b: "1" })),
      apply(200, "two", data({ c: "1" })),
      apply(409, "three", data({ a: "2", b: "2", c: "2" })),
    ],
  },
  {
    name: "apply: by force the field changes hands",
    steps: [
      apply(201, "one", data({ a: "1" })),
      apply(200, "two", data({ a: "2" }), "&force=true"),
    ],
  },
  {
    name: "apply: who updates takes the field along",
    steps: [
      apply(201, "one", data({ a: "1" })),
      (answers) =>
        put(200, `${ONE}?fieldManager=editor`, { ...objectOf(answers), data: { a: "2", b: "3" } }),
      apply(409, "one", data({ a: "1" })),
      apply(200, "one", data({ a: "2" })),
    ],
  },
  {
    name: "apply: who patches takes the field along",
    steps: [
      applyVm(201, "one", vm("v")),
      patch.merge(200, `${VMS}/v?fieldManager=editor`, { spec: { runStrategy: "Manual" } }),
      applyVm(409, "one", vm("v")),
      applyVm(200, "one", vm("v"), "&force=true"),
    ],
  },
  {
    name: "apply: on what was created otherwise",
    steps: [
      post(201, `${CONFIG_MAPS}?fieldManager=maker`, data({ a: "1", b: "2" })),
      apply(200, "one", data({ a: "1" })),
      apply(409, "one", data({ b: "3" })),
    ],
  },
  {
    name: "apply: without a manager",
    steps: [patch.apply(422, ONE, data({ a: "1" })), patch.apply(422, `${VMS}/v`, vm("v"))],
  },
  {
    name: "apply: force belongs to apply alone",
    steps: [
      post(201, CONFIG_MAPS, data({ a: "1" })),
      patch.merge(422, `${ONE}?force=true`, { data: {} }),
    ],
  },
  {
    name: "apply: with managed fields",
    steps: [
      post(201, CONFIG_MAPS, data({ a: "1" })),
      (answers) => apply(400, "one", objectOf(answers)),
    ],
  },
  {
    name: "apply: another name than the path's",
    steps: [apply(400, "one", configMap("b")), applyVm(400, "one", vm("w"))],
  },
  {
    name: "apply: without a version or a kind",
    steps: [apply(400, "one", { metadata: { name: "a" } })],
  },
  {
    name: "apply: an unknown field",
    steps: [
      apply(500, "one", { ...data({ a: "1" }), colour: "red" }),
      applyVm(500, "one", { ...vm("v"), colour: "red" }),
    ],
  },
  {
    name: "apply: an unknown field is refused when asked",
    steps: [applyVm(500, "one", { ...vm("v"), colour: "red" }, "&fieldValidation=Strict")],
  },
  {
    name: "apply: YAML",
    steps: [
      apply(201, "one", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: '1'\n"),
    ],
  },
  {
    name: "apply: dry run",
    steps: [
      apply(201, "one", data({ a: "1" }), "&dryRun=All"),
      get(404, ONE),
    ],
  },
  {
    name: "apply: an outdated version",
    steps: [
      apply(201, "one", data({ a: "1" })),
      apply(200, "one", data({ a: "2" })),
      (answers) => {
        const { resourceVersion } = objectOf(answers, 0).metadata;
        const body = configMap("a", { metadata: { resourceVersion }, data: { a: "3" } });
        return apply(409, "one", body);
      },
    ],
  },
  {
    name: "apply: a version is passed over where nothing is",
    steps: [
      apply(201, "one", configMap("a", { metadata: { resourceVersion: "5" } })),
    ],
  },
  {
    name: "apply: labels and annotations have owners each",
    steps: [
      apply(201, "one", configMap("a", { metadata: { labels: { a: "1" } } })),
      apply(200, "two", configMap("a", { metadata: { labels: { b: "2" } } })),
      apply(200, "one", configMap("a")),
    ],
  },
  {
    name: "apply: finalizers are a set",
    steps: [
      applyVm(201, "one", vm("v", { metadata: { finalizers: ["example.org/a"] } })),
      applyVm(200, "two", {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        metadata: { name: "v", finalizers: ["example.org/b"] },
      }),
      applyVm(200, "one", vm("v")),
      patch.merge(200, `${VMS}/v`, { metadata: { finalizers: null } }),
    ],
  },
  {
    name: "apply: lists of custom objects as their schema says",
    steps: [
      applyVm(201, "one", vm("v", { spec: disks("a", "b") })),
      applyVm(409, "two", vm("v", { spec: disks("c") })),
      applyVm(200, "one", vm("v", { spec: disks("b") })),
    ],
  },
  {
    name: "apply: ports of a service by their keys",
    steps: [
      patch.apply(
        201,
        `${SERVICES}/s?fieldManager=one`,
        service([{ port: 1, name: "a", targetPort: 1 }]),
      ),
      patch.apply(
        200,
        `${SERVICES}/s?fieldManager=two`,
        service([{ port: 2, name: "b", targetPort: 2 }]),
      ),
      patch.apply(200, `${SERVICES}/s?fieldManager=two`, service([])),
    ],
  },
  {
    name: "apply: containers of a pod by their names",
    steps: [
      patch.apply(201, `${PODS}/p?fieldManager=one`, pod("p")),
      patch.apply(409, `${PODS}/p?fieldManager=two`, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "p" },
        spec: { containers: [{ name: "main", image: "registry.example/main:2" }] },
      }),
    ],
  },
  {
    name: "apply: the status subresource has owners of its own",
    steps: [
      applyVm(201, "one", vm("v")),
      patch.apply(200, `${VMS}/v/status?fieldManager=two`, {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        metadata: { name: "v" },
        status: { created: true },
      }),
      applyVm(200, "one", vm("v")),
    ],
  },
  {
    name: "apply: status is not taken by the object itself",
    steps: [applyVm(201, "one", vm("v", { status: { created: true } }))],
  },
  {
    name: "apply: an object without a namespace",
    steps: [
      patch.apply(201, `${CLUSTER_INSTANCETYPES}/{ns}-a?fieldManager=one`, instancetype("{ns}-a")),
    ],
  },
  {
    name: "apply: what is not valid",
    steps: [
      applyVm(422, "one", { ...vm("v"), spec: { runStrategy: "Always" } }),
      apply(422, "one", configMap("a", { metadata: { labels: { "a b": "" } } })),
    ],
  },
];

function service(ports: object[]): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: { clusterIP: "None", ports },
  };
}
