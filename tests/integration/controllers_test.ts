/** The controllers' lifecycle suite on a real API server, whose kubeconfig is in DENOVIRT_TEST_KUBECONFIG. */
import { parse } from "yaml";
import { generateCrds } from "../../src/api/generate_crds.ts";
import { AlreadyExistsError } from "../../src/kube/client.ts";
import { CUSTOM_RESOURCE_DEFINITIONS } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { testLifecycle } from "../../src/resources/testing/lifecycle_suite.ts";

const ESTABLISHED_DEADLINE_MS = 20_000;

interface Definition extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

async function installCrds(client: FetchClient): Promise<void> {
  for (const [file, text] of generateCrds()) {
    if (file === "kustomization.yaml") continue;
    const definition: KubeObject = parse(text);
    try {
      await client.create(CUSTOM_RESOURCE_DEFINITIONS, definition);
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
    await untilEstablished(client, definition.metadata.name);
  }
}

async function untilEstablished(client: FetchClient, name: string): Promise<void> {
  const signal = AbortSignal.timeout(ESTABLISHED_DEADLINE_MS);
  const selection = { fieldSelector: `metadata.name=${name}`, signal };
  for await (const { object } of client.watch<Definition>(CUSTOM_RESOURCE_DEFINITIONS, selection)) {
    const conditions = "status" in object ? object.status?.conditions ?? [] : [];
    if (conditions.some(({ type, status }) => type === "Established" && status === "True")) return;
  }
}

testLifecycle({
  where: `on a real API server${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  open: async () => {
    const server = await openRealServer();
    await installCrds(server.client);
    return {
      client: server.client,
      namespace: server.namespace,
      bind: async ({ metadata: { namespace, name } }, node) => {
        const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
        const target = { apiVersion: "v1", kind: "Node", name: node };
        const body = { apiVersion: "v1", kind: "Binding", metadata: { name }, target };
        await server.client.raw("POST", path, { body });
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
});
