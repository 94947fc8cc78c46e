/** Namespaces with quotas: on a real API server, and as far as it enforces them on the embedded one. */
import assert from "node:assert/strict";
import { PODS, RESOURCE_QUOTAS } from "../../src/kube/core_resources.ts";
import { findCondition } from "../../src/resources/condition.ts";
import type { ResourceQuota } from "../../src/resources/core_objects.ts";
import { SCHEDULED_BY_TEST, vmi, withSpec } from "../../src/resources/testing/builders.ts";
import { Stage } from "../../src/resources/testing/stage.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { STAGES, type StageUnderTest } from "./stages.ts";

/** A controller manager learns of new kinds first, which takes a minute on one that is young. */
const ENFORCED_TIMEOUT_MS = 180_000;
const QUOTA = "all";
/** As many as there are in the first seconds; later ones are further apart. */
const ATTEMPTS = 3;

function quotaTest(
  name: string,
  stages: readonly StageUnderTest[],
  play: (stage: Stage, enforced: boolean) => Promise<void>,
): void {
  for (const { where, enforcesQuotas, ignore, open } of stages) {
    Deno.test({
      name: `quotas: ${name}, ${where}`,
      ignore,
      fn: async () => {
        await using stage = new Stage(await open());
        await play(stage, enforcesQuotas);
      },
    });
  }
}

/** Limits for the whole namespace, and waits until pods are held to them, where they are. */
async function limitNamespace(
  stage: Stage,
  hard: Record<string, string>,
  enforced = true,
): Promise<void> {
  const key = stage.key(QUOTA);
  const found = await stage.client.get(RESOURCE_QUOTAS, key);
  if (found === undefined) {
    await stage.client.create(RESOURCE_QUOTAS, { metadata: { name: QUOTA }, spec: { hard } }, {
      namespace: key.namespace ?? "",
    });
  } else {
    await stage.client.patch(RESOURCE_QUOTAS, key, { spec: { hard } });
  }
  if (!enforced) return;
  await waitUntil({
    what: "the quota to be counted",
    timeoutMs: ENFORCED_TIMEOUT_MS,
    look: () => stage.client.get<ResourceQuota & { status?: unknown }>(RESOURCE_QUOTAS, key),
    until: (quota) => {
      const { hard: enforced } = (quota?.status ?? {}) as { hard?: Record<string, string> };
      return Object.entries(hard).every(([name, amount]) => enforced?.[name] === amount);
    },
  });
  // Whoever admits pods learns of the count from a watch of its own: until then it takes any pod.
  await waitUntil({
    what: "the quota to be enforced",
    timeoutMs: ENFORCED_TIMEOUT_MS,
    look: () => createBare(stage).then(() => "it was made", (error) => String(error)),
    until: (seen) => seen.includes("must specify limits"),
    tell: (seen) => seen,
  });
}

/** A pod without limits, which leaves nothing: that it is refused is what the controllers are to avoid. */
async function createBare(stage: Stage): Promise<void> {
  const bare = {
    metadata: { name: "bare" },
    spec: { containers: [{ name: "main", image: "registry.example/main:1" }] },
  };
  await stage.client.create(PODS, bare, {
    namespace: stage.key("").namespace ?? "",
    dryRun: true,
  });
}

function problem(stage: Stage): string | undefined {
  const condition = findCondition(stage.vmi("web")?.status?.conditions, "Synchronized");
  return condition?.reason === "FailedCreate" ? condition.message : undefined;
}

const instance = () => vmi(withSpec({ schedulerName: SCHEDULED_BY_TEST }));

const LIMITED = "a guest without limits gets a pod where limits are asked for";
quotaTest(LIMITED, STAGES, async (stage, enforced) => {
  await limitNamespace(stage, { "limits.cpu": "8", "limits.memory": "16Gi" }, enforced);
  await stage.createVmi(instance());
  const pod = await stage.untilPod("web");
  for (const { name, resources } of pod.spec.containers) {
    assert.ok(resources.limits?.cpu && resources.limits.memory, name);
  }
});

const ENFORCING = STAGES.filter(({ enforcesQuotas }) => enforcesQuotas);
const EXCEEDED = "an exceeded quota is told once, and tried again until it is raised";
quotaTest(EXCEEDED, ENFORCING, async (stage) => {
  await limitNamespace(stage, { "limits.cpu": "8", "limits.memory": "64Mi" });
  await stage.createVmi(instance());
  const attempts = (count: number) =>
    stage.until(
      `${count} attempts`,
      () => stage.events.filter(({ reason }) => reason === "FailedCreate").length >= count,
    );
  await attempts(2);
  const told = stage.vmi("web")?.metadata.resourceVersion;
  await attempts(2 + ATTEMPTS);
  assert.match(
    problem(stage) ?? "",
    /exceeded quota: all, requested: limits\.memory=\S+, used: limits\.memory=0, limited: limits\.memory=64Mi/,
  );
  assert.equal(stage.vmi("web")?.status?.phase, "Pending");
  assert.equal(stage.vmi("web")?.metadata.resourceVersion, told);
  await limitNamespace(stage, { "limits.cpu": "8", "limits.memory": "16Gi" });
  await stage.untilPod("web");
  assert.equal(problem(stage), undefined);
});
