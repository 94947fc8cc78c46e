import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { kubeErrorOf } from "../../kube/kube_error.ts";
import { findCondition } from "../condition.ts";
import { vmi } from "../testing/builders.ts";
import { Stage } from "../testing/stage.ts";

const FORBIDDEN = kubeErrorOf(403, {
  kind: "Status",
  reason: "Forbidden",
  message: 'pods "virt-launcher-web" is forbidden: violates PodSecurity',
}, "create pods shop/virt-launcher-web");

Deno.test("VMI controller shows why its pod is refused, and goes on when it no longer is", async () => {
  let isRefusing = true;
  const client = new FakeClient({
    withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES],
    onCall: ({ verb, resource }) => {
      if (isRefusing && verb === "create" && resource?.plural === "pods") throw FORBIDDEN;
      return undefined;
    },
  });
  await using stage = new Stage({
    client,
    namespace: "shop",
    bind: () => Promise.reject(new Error("no pod is bound here")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  await stage.createVmi(vmi());
  const problem = await stage.until(
    "Synchronized",
    () => findCondition(stage.vmi("web")?.status?.conditions, "Synchronized"),
  );
  assert.equal(problem.reason, "FailedCreate");
  assert.match(problem.message ?? "", /violates PodSecurity/);
  assert.equal(stage.vmi("web")?.status?.phase, "Pending");
  isRefusing = false;
  const scheduling = await stage.untilPhase("web", "Scheduling");
  assert.equal(findCondition(scheduling.status?.conditions, "Synchronized"), undefined);
});
