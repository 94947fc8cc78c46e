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

/** One process has one API server: what it was told once is not told again. */
const installed = new Map<string, Promise<void>>();

/** Resolves when the kinds of an installation are served. */
export async function installCrds(client: KubeClient): Promise<void> {
  const { resources } = parse(generateCrds().get(KUSTOMIZATION) ?? "") as { resources: string[] };
  await installFiles(client, resources);
}

/** The same of every kind that there is, also of those that nothing acts on. */
export async function installAllCrds(client: KubeClient): Promise<void> {
  await installFiles(client, [...generateCrds().keys()].filter((file) => file !== KUSTOMIZATION));
}

async function installFiles(client: KubeClient, files: readonly string[]): Promise<void> {
  const definitions = generateCrds();
  await Promise.all(files.map((file) => {
    const known = installed.get(file) ??
      install(client, parse(definitions.get(file) ?? "") as Definition);
    installed.set(file, known);
    return known;
  }));
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
