/** Who may do what: the roles of deploy/, as the real API server judges them. */
import assert from "node:assert/strict";
import { SERVED_RESOURCES, SUBRESOURCES_GROUP } from "../../src/api/registry.ts";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { NAMESPACES, SUBJECT_ACCESS_REVIEWS } from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { SERVED_SUBRESOURCES } from "../../src/subresources/served_subresources.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { applyManifests } from "./manifests.ts";

const READ = ["get", "list", "watch"];
const WRITE = [...READ, "create", "update", "patch", "delete"];
const ALL = [...WRITE, "deletecollection"];
const SCALE = ["get", "update", "patch"];
const NONE: string[] = [];

/** Bound in one namespace, but for the last, which everybody has who is known. */
const ROLES = ["admin", "edit", "view", "kubevirt.io:migrate", "authenticated"] as const;
type Role = (typeof ROLES)[number];

/** A resource with or without subresource, and the verbs of each role in the order of {@link ROLES}. */
type Row = readonly [string, string, ...string[][]];

const OWN = "kubevirt.io";
const POOL = "pool.kubevirt.io";
const SIZES = "instancetype.kubevirt.io";
const CALLS = SUBRESOURCES_GROUP;
const CALL = ["update"];

const ROWS: readonly Row[] = [
  [OWN, "virtualmachines", ALL, WRITE, READ, NONE, NONE],
  [OWN, "virtualmachines/status", NONE, NONE, NONE, NONE, NONE],
  [OWN, "virtualmachineinstances", ALL, WRITE, READ, NONE, NONE],
  [OWN, "virtualmachineinstancepresets", ALL, WRITE, READ, NONE, NONE],
  [OWN, "virtualmachineinstancereplicasets", ALL, WRITE, READ, NONE, NONE],
  [OWN, "virtualmachineinstancereplicasets/scale", SCALE, SCALE, ["get"], NONE, NONE],
  [OWN, "virtualmachineinstancemigrations", READ, READ, READ, ALL, NONE],
  [OWN, "kubevirts", ["get", "list"], ["get", "list"], ["get", "list"], ["get", "list"], [
    "get",
    "list",
  ]],
  [POOL, "virtualmachinepools", ALL, WRITE, READ, NONE, NONE],
  [POOL, "virtualmachinepools/scale", SCALE, SCALE, ["get"], NONE, NONE],
  [SIZES, "virtualmachineinstancetypes", ALL, WRITE, READ, NONE, NONE],
  [SIZES, "virtualmachinepreferences", ALL, WRITE, READ, NONE, NONE],
  [SIZES, "virtualmachineclusterinstancetypes", READ, READ, READ, READ, READ],
  [SIZES, "virtualmachineclusterpreferences", READ, READ, READ, READ, READ],
  ["migrations.kubevirt.io", "migrationpolicies", READ, READ, READ, NONE, NONE],
  [CALLS, "virtualmachines/start", CALL, CALL, NONE, NONE, NONE],
  [CALLS, "virtualmachines/stop", CALL, CALL, NONE, NONE, NONE],
  [CALLS, "virtualmachines/restart", CALL, CALL, NONE, NONE, NONE],
  [CALLS, "virtualmachines/migrate", NONE, NONE, NONE, CALL, NONE],
  [CALLS, "virtualmachineinstances/pause", CALL, CALL, NONE, NONE, NONE],
  [CALLS, "virtualmachineinstances/unpause", CALL, CALL, NONE, NONE, NONE],
  [CALLS, "virtualmachineinstances/console", ["get"], ["get"], NONE, NONE, NONE],
  [CALLS, "virtualmachineinstances/portforward", ["get"], ["get"], NONE, NONE, NONE],
  [CALLS, "virtualmachines/portforward", ["get"], ["get"], NONE, NONE, NONE],
  [CALLS, "virtualmachines/expand-spec", ["get"], ["get"], ["get"], NONE, NONE],
  [CALLS, "expand-vm-spec", CALL, CALL, CALL, NONE, NONE],
  [CALLS, "version", ["get", "list"], ["get", "list"], ["get", "list"], ["get", "list"], [
    "get",
    "list",
  ]],
];

const TIMEOUT_MS = 60_000;

interface Question {
  role: Role;
  group: string;
  resource: string;
  verb: string;
}

function questions(): { question: Question; expected: boolean }[] {
  return ROWS.flatMap(([group, resource, ...verbs]) =>
    ROLES.flatMap((role, index) =>
      ALL.map((verb) => ({
        question: { role, group, resource, verb },
        expected: verbs[index]?.includes(verb) ?? false,
      }))
    )
  );
}

Deno.test("access: the table has every kind and every call that is served", () => {
  const known = ROWS.map(([group, resource]) => `${group} ${resource}`);
  const served = [
    ...SERVED_RESOURCES.map(({ group, plural }) => `${group} ${plural}`),
    ...SERVED_SUBRESOURCES.map((name) => `${CALLS} ${name}`),
  ];
  assert.deepEqual(served.filter((each) => !known.includes(each)), []);
});

Deno.test({
  name: `access: every role may do what the table says, and nothing else${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  fn: async () => {
    const connection = await kubeconfigConnection(TEST_KUBECONFIG ?? "");
    using admin = new FetchClient({ connection, userAgent: "denovirt-test/0" });
    await applyManifests(admin, ["user_roles.yaml"]);
    const namespace = `access-${crypto.randomUUID().slice(0, 8)}`;
    await admin.create(NAMESPACES, { metadata: { name: namespace } });
    await bindRoles(admin, namespace);
    const start = { role: "edit", group: CALLS, resource: "virtualmachines/start", verb: "update" };
    await waitUntil({
      what: "the roles to be aggregated and believed",
      timeoutMs: TIMEOUT_MS,
      look: () => isAllowed(admin, { namespace, ...start as Question }),
      until: (allowed) => allowed,
    });
    const answers = await Promise.all(
      questions().map(async ({ question, expected }) => {
        const allowed = await isAllowed(admin, { namespace, ...question });
        return allowed === expected ? [] : [{ ...question, allowed }];
      }),
    );
    assert.deepEqual(answers.flat(), []);
    await admin.delete(NAMESPACES, { name: namespace });
  },
});

async function bindRoles(admin: FetchClient, namespace: string): Promise<void> {
  const resource = {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    plural: "rolebindings",
    kind: "RoleBinding",
    namespaced: true,
  };
  for (const role of ROLES.filter((each) => each !== "authenticated")) {
    await admin.create(resource, {
      metadata: { name: role.replace(":", "-") },
      roleRef: { apiGroup: resource.group, kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: resource.group, kind: "User", name: userOf(role) }],
    }, { namespace });
  }
}

function userOf(role: Role): string {
  return `test-${role.replace(":", "-")}`;
}

async function isAllowed(
  admin: FetchClient,
  { namespace, role, group, resource: name, verb }: Question & { namespace: string },
): Promise<boolean> {
  const [resource, subresource] = name.split("/");
  const resourceAttributes = {
    namespace,
    group,
    resource,
    verb,
    ...(subresource !== undefined && { subresource }),
  };
  const review = await admin.create<KubeObject & { status?: { allowed?: boolean } }>(
    SUBJECT_ACCESS_REVIEWS,
    { spec: { user: userOf(role), groups: ["system:authenticated"], resourceAttributes } },
  );
  return review.status?.allowed === true;
}
