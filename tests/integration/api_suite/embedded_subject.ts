import { parse } from "yaml";
import { generateCrds, KUSTOMIZATION } from "../../../src/api/generate_crds.ts";
import type { CustomResourceDefinition } from "../../../src/standalone/apiserver/kinds/custom_kind.ts";
import {
  listenForTests,
  openServerBed,
} from "../../../src/standalone/apiserver/testing/server_bed.ts";
import type { ApiSubject } from "./run_api_case.ts";

/** The embedded server behind HTTPS, with all kinds and without webhooks. */
export async function openEmbedded(): Promise<ApiSubject & AsyncDisposable> {
  const bed = await openServerBed({ definitions: allDefinitions() });
  const { admin } = await listenForTests(bed.server);
  return {
    connection: admin,
    [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
  };
}

let definitions: readonly CustomResourceDefinition[] | undefined;

/** Also of kinds that nothing acts on. */
export function allDefinitions(): readonly CustomResourceDefinition[] {
  return definitions ??= [...generateCrds()].filter(([file]) => file !== KUSTOMIZATION)
    .map(([, text]) => parse(text) as CustomResourceDefinition);
}
