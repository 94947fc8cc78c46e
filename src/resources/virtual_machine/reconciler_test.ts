import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import { findCondition } from "../condition.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { kubeErrorOf } from "../../kube/kube_error.ts";
import { vm } from "../testing/builders.ts";
import { Stage } from "../testing/stage.ts";

const FORBIDDEN = kubeErrorOf(403, {
  kind: "Status",
  reason: "Forbidden",
  message: 'virtualmachineinstances "web" is forbidden: exceeded quota',
}, "create virtualmachineinstances shop/web");

function stageOn(client: FakeClient): Stage {
  return new Stage({
    client,
    namespace: "shop",
    bind: () => Promise.reject(new Error("no pod is bound here")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

const OPTIONS = { withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] };

Deno.test("VM controller shows what the API server refuses, and starts the VM when it no longer does", async () => {
  let isRefusing = true;
  const client = new FakeClient({
    ...OPTIONS,
    onCall: ({ verb, resource }) => {
      const isCreate = verb === "create" && resource?.plural === VIRTUAL_MACHINE_INSTANCES.plural;
      if (isCreate && isRefusing) throw FORBIDDEN;
      return undefined;
    },
  });
  await using stage = stageOn(client);
  await stage.createVm(vm());
  const failure = await stage.until(
    "Failure",
    () => findCondition(stage.vm("web")?.status?.conditions, "Failure"),
  );
  assert.equal(failure.reason, "FailedCreate");
  assert.match(failure.message ?? "", /exceeded quota/);
  assert.equal(stage.vm("web")?.status?.printableStatus, "Stopped");
  assert.ok(
    stage.events.some(({ type, reason }) => type === "Warning" && reason === "FailedCreate"),
  );
  isRefusing = false;
  const started = await stage.untilStatus("web", "Starting");
  assert.equal(findCondition(started.status?.conditions, "Failure"), undefined);
  await stage.until(
    "SuccessfulCreate",
    () => stage.events.some(({ reason }) => reason === "SuccessfulCreate"),
  );
});
