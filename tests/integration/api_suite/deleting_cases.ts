/** What DELETE does: preconditions, finalizers, collections, owners, namespaces. */
import { type ApiCase, get, objectOf, patch, post, put, remove } from "./api_case.ts";
import {
  CONFIG_MAPS,
  configMap,
  labelled,
  ownedBy,
  pod,
  PODS,
  vm,
  vmi,
  VMIS,
  VMS,
} from "./objects.ts";

const WAITING = vm("v", { metadata: { finalizers: ["example.org/wait"] } });

/** A VM, and an instance that it owns. */
function owned(more: object): readonly ApiCase["steps"][number][] {
  return [
    post(201, VMS, vm("v")),
    (answers) =>
      post(
        201,
        VMIS,
        vmi("i", { metadata: { ownerReferences: [ownedBy(objectOf(answers, 0), more)] } }),
      ),
  ];
}

function options(policy: string): object {
  return { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: policy };
}

export const DELETING_CASES: readonly ApiCase[] = [
  {
    name: "delete: a core object is gone",
    steps: [
      post(201, CONFIG_MAPS, configMap("a")),
      remove(200, `${CONFIG_MAPS}/a`),
      get(404, `${CONFIG_MAPS}/a`),
    ],
  },
  {
    name: "delete: a custom object is gone",
    steps: [post(201, VMS, vm("v")), remove(200, `${VMS}/v`), get(404, `${VMS}/v`)],
  },
  {
    name: "delete: what is not there",
    steps: [remove(404, `${CONFIG_MAPS}/none`), remove(404, `${VMS}/none`)],
  },
  {
    name: "delete: only this UID",
    steps: [
      post(201, VMS, vm("v")),
      remove(409, `${VMS}/v`, {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: "11111111-1111-1111-1111-111111111111" },
      }),
      (answers) =>
        remove(200, `${VMS}/v`, {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { uid: objectOf(answers, 0).metadata.uid },
        }),
    ],
  },
  {
    name: "delete: only this version",
    steps: [
      post(201, VMS, vm("v")),
      patch.merge(200, `${VMS}/v`, { metadata: { labels: { x: "1" } } }),
      (answers) =>
        remove(409, `${VMS}/v`, {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { resourceVersion: objectOf(answers, 0).metadata.resourceVersion },
        }),
    ],
  },
  {
    name: "delete: an object with finalizers waits, and goes with the last of them",
    steps: [
      post(201, VMS, WAITING),
      remove(200, `${VMS}/v`),
      get(200, `${VMS}/v`),
      patch.merge(200, `${VMS}/v`, { metadata: { finalizers: null } }),
      get(404, `${VMS}/v`),
    ],
  },
  {
    name: "delete: again while it waits changes nothing",
    steps: [post(201, VMS, WAITING), remove(200, `${VMS}/v`), remove(200, `${VMS}/v`)],
  },
  {
    name: "delete: an update may take the last finalizer",
    steps: [
      post(201, VMS, WAITING),
      remove(200, `${VMS}/v`),
      get(200, `${VMS}/v`),
      (answers) => {
        const object = objectOf(answers);
        object.metadata.finalizers = [];
        return put(200, `${VMS}/v`, object);
      },
      get(404, `${VMS}/v`),
    ],
  },
  {
    name: "delete: no finalizer comes to what waits for its end",
    steps: [
      post(201, VMS, WAITING),
      remove(200, `${VMS}/v`),
      patch.merge(422, `${VMS}/v`, {
        metadata: { finalizers: ["example.org/wait", "example.org/more"] },
      }),
    ],
  },
  {
    name: "delete: what waits for its end may still be changed",
    steps: [
      post(201, VMS, WAITING),
      remove(200, `${VMS}/v`),
      patch.merge(200, `${VMS}/v`, { metadata: { labels: { x: "1" } } }),
      patch.merge(200, `${VMS}/v/status`, { status: { printableStatus: "Terminating" } }),
    ],
  },
  {
    name: "delete: dry run",
    steps: [
      post(201, VMS, vm("v")),
      remove(200, `${VMS}/v?dryRun=All`),
      get(200, `${VMS}/v`),
    ],
  },
  {
    name: "delete: an unknown policy",
    steps: [post(201, VMS, vm("v")), remove(422, `${VMS}/v?propagationPolicy=Sometimes`)],
  },
  {
    name: "delete: a pod that is on no node is gone at once",
    steps: [post(201, PODS, pod("p")), remove(200, `${PODS}/p`), get(404, `${PODS}/p`)],
  },
  {
    name: "delete: a pod on a node has its grace period",
    steps: [
      post(201, PODS, pod("p", { spec: { nodeName: "n1", terminationGracePeriodSeconds: 3600 } })),
      remove(200, `${PODS}/p`),
      get(200, `${PODS}/p`),
      remove(200, `${PODS}/p`, { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 }),
      get(404, `${PODS}/p`),
    ],
  },
  {
    name: "delete: a shorter grace period",
    steps: [
      post(201, PODS, pod("p", { spec: { nodeName: "n1" } })),
      remove(200, `${PODS}/p?gracePeriodSeconds=600`),
      remove(200, `${PODS}/p?gracePeriodSeconds=0`),
    ],
  },
  {
    name: "delete: a collection by labels",
    steps: [
      post(201, VMS, vm("a", { metadata: { labels: { go: "yes" } } })),
      post(201, VMS, vm("b", { metadata: { labels: { go: "yes" } } })),
      post(201, VMS, vm("c")),
      remove(200, `${VMS}?labelSelector=go%3Dyes`, undefined, {
        statusOnly: "lists what was deleted, in no order",
      }),
      get(200, VMS),
    ],
  },
  {
    name: "delete: a collection of core objects",
    steps: [
      post(201, CONFIG_MAPS, labelled("a", { go: "yes" })),
      post(201, CONFIG_MAPS, labelled("b", { stay: "yes" })),
      remove(200, `${CONFIG_MAPS}?labelSelector=go%3Dyes`, undefined, {
        statusOnly: "lists what was deleted, in no order",
      }),
      get(200, `${CONFIG_MAPS}?labelSelector=stay`),
      get(404, `${CONFIG_MAPS}/a`),
    ],
  },
  {
    name: "garbage collection: what is owned goes after its owner",
    steps: [
      ...owned({ controller: true }),
      remove(200, `${VMS}/v`, options("Background")),
      get(404, `${VMIS}/i`, { eventually: true }),
    ],
  },
  {
    name: "garbage collection: orphans stay, without the reference",
    steps: [
      ...owned({ controller: true }),
      remove(200, `${VMS}/v`, options("Orphan")),
      get(404, `${VMS}/v`, { eventually: true }),
      get(200, `${VMIS}/i`),
    ],
  },
  {
    name: "garbage collection: in the foreground the owner waits for what blocks it",
    steps: [
      post(201, VMS, vm("v")),
      (answers) =>
        post(
          201,
          VMIS,
          vmi("i", {
            metadata: {
              finalizers: ["example.org/wait"],
              ownerReferences: [ownedBy(objectOf(answers, 0), { blockOwnerDeletion: true })],
            },
          }),
        ),
      remove(200, `${VMS}/v`, options("Foreground")),
      get(200, `${VMS}/v`, { statusOnly: "the collector may have looked already" }),
      patch.merge(200, `${VMIS}/i`, { metadata: { finalizers: null } }),
      get(404, `${VMIS}/i`, { eventually: true }),
      get(404, `${VMS}/v`, { eventually: true }),
    ],
  },
  {
    name: "garbage collection: an owner that never was",
    steps: [
      post(
        201,
        VMIS,
        vmi("i", {
          metadata: {
            ownerReferences: [{
              apiVersion: "kubevirt.io/v1",
              kind: "VirtualMachine",
              name: "never",
              uid: "11111111-1111-1111-1111-111111111111",
            }],
          },
        }),
      ),
      get(404, `${VMIS}/i`, { eventually: true }),
    ],
  },
  {
    name: "garbage collection: one of two owners is enough",
    steps: [
      post(201, VMS, vm("v")),
      post(201, VMS, vm("w")),
      (answers) =>
        post(
          201,
          VMIS,
          vmi("i", {
            metadata: {
              ownerReferences: [ownedBy(objectOf(answers, 0)), ownedBy(objectOf(answers, 1))],
            },
          }),
        ),
      remove(200, `${VMS}/v`, options("Foreground")),
      get(404, `${VMS}/v`, { eventually: true }),
      get(200, `${VMIS}/i`, { statusOnly: "its reference goes when the collector looks again" }),
    ],
  },
  {
    name: "namespace: takes all that is in it along",
    steps: [
      post(201, "/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "{ns}-b" },
      }),
      post(201, "/apis/kubevirt.io/v1/namespaces/{ns}-b/virtualmachines", vm("v")),
      remove(200, "/api/v1/namespaces/{ns}-b"),
      get(404, "/api/v1/namespaces/{ns}-b", { eventually: true }),
      get(404, "/apis/kubevirt.io/v1/namespaces/{ns}-b/virtualmachines/v"),
    ],
  },
  {
    name: "namespace: nothing new while it ends",
    steps: [
      post(201, "/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "{ns}-b" },
      }),
      post(201, "/apis/kubevirt.io/v1/namespaces/{ns}-b/virtualmachines", WAITING),
      remove(200, "/api/v1/namespaces/{ns}-b"),
      post(403, "/apis/kubevirt.io/v1/namespaces/{ns}-b/virtualmachines", vm("w")),
      patch.merge(200, "/apis/kubevirt.io/v1/namespaces/{ns}-b/virtualmachines/v", {
        metadata: { finalizers: null },
      }, { statusOnly: "its deletion may have begun or not" }),
      get(404, "/api/v1/namespaces/{ns}-b", { eventually: true }),
    ],
  },
];
