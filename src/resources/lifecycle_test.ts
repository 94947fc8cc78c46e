import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import { PODS } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { keyOf } from "../kube/object.ts";
import { testLifecycle } from "./testing/lifecycle_suite.ts";

testLifecycle({
  where: "on the in-memory API server",
  open: () => {
    const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
    return Promise.resolve({
      client,
      namespace: "shop",
      bind: async (pod, nodeName) => {
        await client.patch(PODS, keyOf(pod), { spec: { nodeName } });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});
