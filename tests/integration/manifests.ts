/** The manifests of deploy/ and the definitions, applied as kubectl would. */
import { parseAllDocuments } from "yaml";
import { generateCrds } from "../../src/api/generate_crds.ts";
import type { Resource } from "../../src/kube/client.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject, ObjectKey } from "../../src/kube/object.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url).pathname;

export async function installDefinitions(admin: FetchClient): Promise<void> {
  for (const [file, text] of generateCrds()) {
    if (file !== "kustomization.yaml") await applyAll(admin, text);
  }
}

/** Files of deploy/, in this order. */
export async function applyManifests(
  admin: FetchClient,
  files: readonly string[],
): Promise<void> {
  for (const file of files) await applyAll(admin, await Deno.readTextFile(`${DEPLOY}${file}`));
}

async function applyAll(admin: FetchClient, text: string): Promise<void> {
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as KubeObject | null;
    if (object === null) continue;
    const options = { type: "apply" as const, fieldManager: "denovirt-test", force: true };
    await admin.patch(resourceOf(object), keyOfManifest(object), object, options);
  }
}

/** Plural by rule: enough for the kinds in deploy/. */
function resourceOf(object: KubeObject): Resource {
  const [first = "", second] = object.apiVersion.split("/");
  const [group, version] = second === undefined ? ["", first] : [first, second];
  const { kind } = object;
  const plural = kind.toLowerCase().replace(/y$/, "ie").replace(/s$/, "se") + "s";
  return { group, version, plural, kind, namespaced: object.metadata.namespace !== undefined };
}

function keyOfManifest({ metadata: { namespace, name } }: KubeObject): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}
