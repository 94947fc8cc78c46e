/** Our definitions on a real API server, all at once: it takes seconds to publish one, and hardly more for many. */
import { parse } from "yaml";
import { generateCrds, KUSTOMIZATION } from "../../src/api/generate_crds.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { CUSTOM_RESOURCE_DEFINITIONS } from "../../src/kube/core_resources.ts";
import type { KubeObject } from "../../src/kube/object.ts";

const ESTABLISHED_DEADLINE_MS = 90_000;

interface Definition extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

/** Resolves when every kind is served. Those that are there already are brought up to date. */
export async function installCrds(client: KubeClient): Promise<void> {
  const definitions = [...generateCrds()].filter(([file]) => file !== KUSTOMIZATION)
    .map(([, text]) => parse(text) as Definition);
  await Promise.all(definitions.map((definition) => install(client, definition)));
}

async function install(client: KubeClient, definition: Definition): Promise<void> {
  const { name } = definition.metadata;
  await client.patch(CUSTOM_RESOURCE_DEFINITIONS, { name }, definition, {
    type: "apply",
    fieldManager: "denovirt-test",
    force: true,
  });
  const signal = AbortSignal.timeout(ESTABLISHED_DEADLINE_MS);
  const selection = { fieldSelector: `metadata.name=${name}`, signal };
  for await (
    const { type, object } of client.watch<Definition>(CUSTOM_RESOURCE_DEFINITIONS, selection)
  ) {
    if (type !== "BOOKMARK" && isEstablished(object)) return;
  }
}

function isEstablished({ status }: Definition): boolean {
  const conditions = status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Established" && status === "True");
}
