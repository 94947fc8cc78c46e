/** The controllers' lifecycle suite on a real API server, whose kubeconfig is in DENOVIRT_TEST_KUBECONFIG. */
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { testLifecycle } from "../../src/resources/testing/lifecycle_suite.ts";
import { installCrds } from "./install_crds.ts";

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
