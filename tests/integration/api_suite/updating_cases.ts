/** What PUT does: optimistic locking, what may change, generation, status. */
import { type ApiCase, get, objectOf, post, put, type Step } from "./api_case.ts";
import { CONFIG_MAPS, configMap, REPLICA_SETS, replicaSet, vm, vmi, VMIS, VMS } from "./objects.ts";

/** PUT of the first answer's object after a change. */
function putChanged(
  status: number,
  path: string,
  change: (object: ReturnType<typeof objectOf>) => unknown,
): Step {
  return (answers) => {
    const object = objectOf(answers, 0);
    return put(status, path, change(object) ?? object);
  };
}

export const UPDATING_CASES: readonly ApiCase[] = [
  {
    name: "update: a changed object has a new version",
    steps: [
      post(201, CONFIG_MAPS, configMap("a", { data: { a: "1" } })),
      putChanged(200, `${CONFIG_MAPS}/a`, (object) => ({ ...object, data: { a: "2" } })),
    ],
  },
  {
    name: "update: a change of spec is a new generation, one of labels is none",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a`, (object) => {
        object.metadata.labels = { x: "1" };
        return object;
      }),
      (answers) => put(200, `${VMS}/a`, { ...objectOf(answers), spec: { ...vmSpec("Manual") } }),
    ],
  },
  {
    name: "update: nothing changed is nothing written",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a`, (object) => object),
      get(200, `${VMS}/a`),
    ],
  },
  {
    name: "update: an outdated version",
    steps: [
      post(201, CONFIG_MAPS, configMap("a")),
      putChanged(200, `${CONFIG_MAPS}/a`, (object) => ({ ...object, data: { a: "2" } })),
      putChanged(409, `${CONFIG_MAPS}/a`, (object) => ({ ...object, data: { a: "3" } })),
    ],
  },
  {
    name: "update: an outdated version of a custom object",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a`, (object) => ({ ...object, spec: vmSpec("Manual") })),
      putChanged(409, `${VMS}/a`, (object) => ({ ...object, spec: vmSpec("Always") })),
    ],
  },
  {
    name: "update: core objects without a version are overwritten",
    steps: [
      post(201, CONFIG_MAPS, configMap("a")),
      put(200, `${CONFIG_MAPS}/a`, configMap("a", { data: { a: "1" } })),
    ],
  },
  {
    name: "update: custom objects need a version",
    steps: [post(201, VMS, vm("a")), put(422, `${VMS}/a`, vm("a"))],
  },
  {
    name: "update: what is not there",
    steps: [
      put(404, `${VMS}/none`, vm("none", { metadata: { resourceVersion: "1" } })),
    ],
  },
  {
    name: "update: another name than the path's",
    steps: [
      post(201, CONFIG_MAPS, configMap("a")),
      put(400, `${CONFIG_MAPS}/a`, configMap("b")),
      post(201, VMS, vm("a")),
      put(400, `${VMS}/a`, vm("b")),
    ],
  },
  {
    name: "update: without a name",
    steps: [
      post(201, CONFIG_MAPS, configMap("a")),
      put(400, `${CONFIG_MAPS}/a`, { apiVersion: "v1", kind: "ConfigMap", metadata: {} }),
    ],
  },
  {
    name: "update: another UID",
    steps: [
      post(201, CONFIG_MAPS, configMap("a")),
      put(
        409,
        `${CONFIG_MAPS}/a`,
        configMap("a", { metadata: { uid: "11111111-1111-1111-1111-111111111111" } }),
      ),
    ],
  },
  {
    name: "update: what the server sets stays",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a`, (object) => {
        Object.assign(object.metadata, { generation: 9, creationTimestamp: null, selfLink: "x" });
        return object;
      }),
    ],
  },
  {
    name: "update: a status is passed over where status is a subresource",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a`, (object) => ({ ...object, status: { created: true } })),
    ],
  },
  {
    name: "update: a status is taken where it is none, without a generation",
    steps: [
      post(201, VMIS, vmi("a")),
      putChanged(200, `${VMIS}/a`, (object) => ({ ...object, status: { phase: "Running" } })),
    ],
  },
  {
    name: "update: status alone changes status alone",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a/status`, (object) => ({
        ...object,
        metadata: { ...object.metadata, labels: { x: "1" } },
        spec: vmSpec("Manual"),
        status: { created: true, printableStatus: "Stopped" },
      })),
    ],
  },
  {
    name: "update: status is not pruned away by an update of the rest",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a/status`, (object) => ({ ...object, status: { created: true } })),
      (answers) => {
        const { status: _, ...rest } = objectOf(answers);
        return put(200, `${VMS}/a`, { ...rest, spec: vmSpec("Manual") });
      },
    ],
  },
  {
    name: "update: unknown fields of custom objects are pruned",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a`, (object) => ({ ...object, colour: "red" })),
    ],
  },
  {
    name: "update: dry run",
    steps: [
      post(201, VMS, vm("a")),
      putChanged(200, `${VMS}/a?dryRun=All`, (object) => ({ ...object, spec: vmSpec("Manual") })),
      get(200, `${VMS}/a`),
    ],
  },
  {
    name: "update: at the path of a collection",
    steps: [put(405, CONFIG_MAPS, configMap("a"))],
  },
  {
    name: "update: managers are told apart",
    steps: [
      post(201, `${VMS}?fieldManager=first`, vm("a")),
      putChanged(200, `${VMS}/a?fieldManager=second`, (object) => ({
        ...object,
        spec: vmSpec("Manual"),
      })),
      (answers) =>
        put(200, `${VMS}/a/status?fieldManager=third`, {
          ...objectOf(answers),
          status: { created: true },
        }),
    ],
  },
  {
    name: "update: an immutable config map",
    steps: [
      post(201, CONFIG_MAPS, configMap("a", { data: { a: "1" }, immutable: true })),
      putChanged(422, `${CONFIG_MAPS}/a`, (object) => ({ ...object, data: { a: "2" } })),
    ],
  },
  {
    name: "scale: read, written and patched",
    steps: [
      post(201, REPLICA_SETS, replicaSet("a", 2)),
      get(200, `${REPLICA_SETS}/a/scale`),
      (answers) =>
        put(200, `${REPLICA_SETS}/a/scale`, { ...objectOf(answers), spec: { replicas: 3 } }),
      get(200, `${REPLICA_SETS}/a`),
    ],
  },
  {
    name: "scale: a negative number",
    steps: [
      post(201, REPLICA_SETS, replicaSet("a", 2)),
      get(200, `${REPLICA_SETS}/a/scale`),
      (answers) =>
        put(422, `${REPLICA_SETS}/a/scale`, { ...objectOf(answers), spec: { replicas: -1 } }),
    ],
  },
  {
    name: "scale: an outdated version",
    steps: [
      post(201, REPLICA_SETS, replicaSet("a", 2)),
      get(200, `${REPLICA_SETS}/a/scale`),
      (answers) =>
        put(200, `${REPLICA_SETS}/a/scale`, { ...objectOf(answers, 1), spec: { replicas: 3 } }),
      (answers) =>
        put(409, `${REPLICA_SETS}/a/scale`, { ...objectOf(answers, 1), spec: { replicas: 4 } }),
    ],
  },
  {
    name: "scale: what has none",
    steps: [post(201, VMS, vm("a")), get(404, `${VMS}/a/scale`, { statusOnly: "plain text" })],
  },
];

function vmSpec(runStrategy: string): object {
  return { runStrategy, template: { spec: { domain: { devices: {} } } } };
}
