/** Scenarios on a real API server. */
import { AlreadyExistsError, KubeError, type Resource } from "../../../kube/client.ts";
import { kubeconfigConnection } from "../../../kube/connection.ts";
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  NAMESPACES,
  SERVICE_ACCOUNTS,
} from "../../../kube/core_resources.ts";
import { FetchClient } from "../../../kube/fetch_client.ts";
import type { JsonObject } from "../../../kube/json.ts";
import type { KubeObject } from "../../../kube/object.ts";
import { TEST_KUBECONFIG } from "../../../kube/testing/real_server.ts";
import type { Schema } from "../schema/schema.ts";
import {
  type Answer,
  comparable,
  comparableStatus,
  type Scenario,
  type Step,
} from "./scenarios.ts";

const ESTABLISHED_DEADLINE_MS = 90_000;
const CLUSTER_KINDS = new Set(["Namespace", "Node", "PersistentVolume", "StorageClass"]);

/** What a real server answers to each step of each scenario. Custom kinds are defined with the given schemas first. */
export async function answersOfRealServer(
  scenarios: readonly Scenario[],
  custom: Record<string, Schema>,
): Promise<Answer[][]> {
  const connection = await kubeconfigConnection(TEST_KUBECONFIG ?? "");
  using client = new FetchClient({ connection, userAgent: "denovirt-test/0" });
  const group = `patch-${crypto.randomUUID().slice(0, 8)}`;
  for (const [kind, schema] of Object.entries(custom)) await define(client, kind, schema);
  await client.create(NAMESPACES, { metadata: { name: group } });
  await createDefaultAccount(client, group);
  const answers: Answer[][] = [];
  for (const [index, scenario] of scenarios.entries()) {
    answers.push(await runScenario(client, scenario, `${group}-${index}`, group));
  }
  await client.delete(NAMESPACES, { name: group });
  return answers;
}

async function runScenario(
  client: FetchClient,
  scenario: Scenario,
  name: string,
  namespace: string,
): Promise<Answer[]> {
  const [group, version] = scenario.apiVersion.includes("/")
    ? scenario.apiVersion.split("/") as [string, string]
    : ["", scenario.apiVersion];
  const { plural, kind } = scenario;
  const namespaced = !CLUSTER_KINDS.has(kind);
  const resource: Resource = { group, version, plural, kind, namespaced };
  const key = namespaced ? { namespace, name } : { name };
  const answers: Answer[] = [];
  for (const step of scenario.steps) {
    const renamed = JSON.parse(JSON.stringify(step).replaceAll('"one"', JSON.stringify(name)));
    const answer = await runStep(client, { resource, key, step: renamed });
    answers.push(JSON.parse(
      JSON.stringify(answer).replaceAll(name, "one").replaceAll(namespace, "NAMESPACE"),
    ));
  }
  await client.delete(resource, key);
  return answers;
}

async function runStep(
  client: FetchClient,
  { resource, key, step }: {
    resource: Resource;
    key: { name: string; namespace?: string };
    step: Step;
  },
): Promise<Answer> {
  const { verb, manager: fieldManager, subresource, force } = step;
  const options = { fieldManager, ...(subresource && { subresource }), ...(force && { force }) };
  try {
    const object = verb === "create"
      ? await client.create(resource, step.body, { ...options, ...key })
      : verb === "update"
      ? await client.update(resource, step.body as unknown as KubeObject, options)
      : await client.patch(resource, key, step.body, { ...options, type: verb });
    return { object: comparable(object as unknown as JsonObject) };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const { metadata: _, apiVersion: __, ...status } = error.status as JsonObject;
    return { status: comparableStatus(status) };
  }
}

/** Pods are refused without it; a controller manager, where there is one, creates it too. */
async function createDefaultAccount(client: FetchClient, namespace: string): Promise<void> {
  try {
    await client.create(SERVICE_ACCOUNTS, { metadata: { name: "default", namespace } });
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
  }
}

async function define(client: FetchClient, kind: string, schema: Schema): Promise<void> {
  const group = "patch.denovirt.test";
  const plural = `${kind.toLowerCase()}s`;
  const name = `${plural}.${group}`;
  const version = { name: "v1", served: true, storage: true, subresources: { status: {} } };
  await client.delete(CUSTOM_RESOURCE_DEFINITIONS, { name });
  const signal = AbortSignal.timeout(ESTABLISHED_DEADLINE_MS);
  const { metadata } = await client.list(CUSTOM_RESOURCE_DEFINITIONS);
  const created = await client.create(CUSTOM_RESOURCE_DEFINITIONS, {
    metadata: { name },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind },
      versions: [{ ...version, schema: { openAPIV3Schema: schema } }],
    },
  });
  const watch = client.watch(CUSTOM_RESOURCE_DEFINITIONS, {
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: metadata.resourceVersion,
    signal,
  });
  for await (const { object } of watch) {
    const { metadata: { uid }, status } = object as KubeObject & {
      status?: { conditions?: { type: string; status: string }[] };
    };
    if (uid !== created.metadata.uid) continue;
    if (status?.conditions?.some((c) => c.type === "Established" && c.status === "True")) break;
  }
}
