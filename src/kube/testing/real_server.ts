/** A real API server to test against, where DENOVIRT_TEST_KUBECONFIG names one. Never one that is found by chance. */
import { AlreadyExistsError, type Resource } from "../client.ts";
import { type ContractSubject, GADGETS, WIDGETS } from "../client_contract.ts";
import { kubeconfigConnection } from "../connection.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SERVICE_ACCOUNTS } from "../core_resources.ts";
import { FetchClient } from "../fetch_client.ts";

/** The kubeconfig, or `undefined`: then the tests that need it are skipped. */
export const TEST_KUBECONFIG: string | undefined = Deno.env.get("DENOVIRT_TEST_KUBECONFIG") ||
  undefined;
/** To be appended to the names of tests that are skipped. */
export const SKIP_NOTE = TEST_KUBECONFIG ? "" : " (skipped: DENOVIRT_TEST_KUBECONFIG is not set)";

const ESTABLISHED_DEADLINE_MS = 90_000;

/** A client and a new namespace with what pods need; the namespace is deleted at the end. */
export async function openRealServer(): Promise<ContractSubject & { client: FetchClient }> {
  if (TEST_KUBECONFIG === undefined) throw new Error(`Cannot open a real server${SKIP_NOTE}`);
  const connection = await kubeconfigConnection(TEST_KUBECONFIG);
  const client = new FetchClient({ connection, userAgent: "denovirt-test/0" });
  await install(client, WIDGETS, { subresources: { status: {} } });
  await install(client, GADGETS, {});
  const namespace = `contract-${crypto.randomUUID().slice(0, 8)}`;
  await client.create(NAMESPACES, { metadata: { name: namespace } });
  await createUnlessThere(client, SERVICE_ACCOUNTS, { metadata: { name: "default", namespace } });
  return {
    client,
    namespace,
    expiredVersion: () => Promise.resolve("1"),
    async [Symbol.asyncDispose]() {
      await client.delete(NAMESPACES, { name: namespace });
      client[Symbol.dispose]();
    },
  };
}

async function install(client: FetchClient, resource: Resource, version: object): Promise<void> {
  const { group, plural, kind } = resource;
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { ...open, properties: { spec: open, status: open } } };
  const name = `${plural}.${group}`;
  await createUnlessThere(client, CUSTOM_RESOURCE_DEFINITIONS, {
    metadata: { name },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind },
      versions: [{ name: resource.version, served: true, storage: true, schema, ...version }],
    },
  });
  const signal = AbortSignal.timeout(ESTABLISHED_DEADLINE_MS);
  const fieldSelector = `metadata.name=${name}`;
  for await (
    const { object } of client.watch(CUSTOM_RESOURCE_DEFINITIONS, { fieldSelector, signal })
  ) {
    if (isEstablished(object)) break;
  }
}

async function createUnlessThere(client: FetchClient, resource: Resource, object: object) {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
  }
}

function isEstablished(definition: unknown): boolean {
  const { status } = definition as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.some((c) => c.type === "Established" && c.status === "True") ?? false;
}
