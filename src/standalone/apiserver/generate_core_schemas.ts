/**
 * Writes schema/generated/core_schemas.json from a real API server: `deno task core-schemas KUBECONFIG`. A test compares
 * the file with the server that DENOVIRT_TEST_KUBECONFIG names.
 */
import { kubeconfigConnection } from "../../kube/connection.ts";
import { FetchClient } from "../../kube/fetch_client.ts";
import {
  CORE_DOCUMENTS,
  formatCoreSchemas,
  type OpenApiDocument,
  selectCoreSchemas,
} from "./schema/select_core_schemas.ts";

/** The file that this program writes. */
export const CORE_SCHEMAS_FILE: URL = new URL(
  "./schema/generated/core_schemas.json",
  import.meta.url,
);

/** What the file should hold by the server of a kubeconfig. */
export async function generateCoreSchemas(kubeconfig: string): Promise<string> {
  const connection = await kubeconfigConnection(kubeconfig);
  using client = new FetchClient({ connection, userAgent: "denovirt-core-schemas" });
  const documents: OpenApiDocument[] = [];
  for (const name of CORE_DOCUMENTS) {
    documents.push(await client.raw("GET", `/openapi/v3/${name}`) as OpenApiDocument);
  }
  return formatCoreSchemas(selectCoreSchemas(documents));
}

if (import.meta.main) {
  const [kubeconfig] = Deno.args;
  if (kubeconfig === undefined) throw new Error("Cannot generate schemas: name a kubeconfig");
  await Deno.writeTextFile(CORE_SCHEMAS_FILE, await generateCoreSchemas(kubeconfig));
}
