/** The controllers at work on an API server, kubelet and agent played: on the real one, and on the embedded one. */
import { NAMESPACES } from "../../src/kube/core_resources.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import type { StageSubject } from "../../src/resources/testing/stage.ts";
import {
  listenForTests,
  openServerBed,
} from "../../src/standalone/apiserver/testing/server_bed.ts";
import { allDefinitions } from "./api_suite/embedded_subject.ts";
import { kubeconfigText } from "./controller_installation.ts";
import { installCrds } from "./install_crds.ts";

export interface OpenStage extends StageSubject {
  /** Of an administrator. */
  kubeconfigPath: string;
}

export interface StageUnderTest {
  /** "on a real API server": for the name of the test. */
  where: string;
  /** Whether pods are counted against quotas. */
  enforcesQuotas: boolean;
  ignore: boolean;
  open(): Promise<OpenStage>;
}

export const STAGES: readonly StageUnderTest[] = [
  {
    where: `on a real API server${SKIP_NOTE}`,
    enforcesQuotas: true,
    ignore: TEST_KUBECONFIG === undefined,
    open: openReal,
  },
  {
    where: "on the embedded API server",
    enforcesQuotas: false,
    ignore: false,
    open: openEmbeddedStage,
  },
];

async function openReal(): Promise<OpenStage> {
  const server = await openRealServer();
  await installCrds(server.client);
  const { client, namespace } = server;
  return {
    client,
    namespace,
    kubeconfigPath: TEST_KUBECONFIG ?? "",
    bind: bindBy(client),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function openEmbeddedStage(): Promise<OpenStage> {
  const bed = await openServerBed({ definitions: allDefinitions() });
  const client = bed.server.client();
  const namespace = "shop";
  await client.create(NAMESPACES, { metadata: { name: namespace } });
  const { admin } = await listenForTests(bed.server);
  const kubeconfigPath = await Deno.makeTempFile({ suffix: ".kubeconfig" });
  await Deno.writeTextFile(kubeconfigPath, await kubeconfigText(admin));
  return {
    client,
    namespace,
    kubeconfigPath,
    bind: bindBy(client),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await Deno.remove(kubeconfigPath);
      await bed[Symbol.asyncDispose]();
    },
  };
}

function bindBy(client: KubeClient): StageSubject["bind"] {
  return async ({ metadata: { namespace, name } }, node) => {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
    const target = { apiVersion: "v1", kind: "Node", name: node };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name }, target };
    await client.raw("POST", path, { body });
  };
}
