/** Reading the published bundle, for those who only believe in it. */
import type { KubeClient } from "../kube/client.ts";
import { CONFIG_MAPS } from "../kube/core_resources.ts";
import type { KubeObject } from "../kube/object.ts";
import { AUTHORITY_NAME, BUNDLE_KEY } from "./ca.ts";
import { splitBundle } from "./x509.ts";

/** The authorities of the installation, one PEM each. Empty while none was published. */
export async function readBundle(
  client: KubeClient,
  options: { namespace: string; signal: AbortSignal },
): Promise<string[]> {
  const key = { namespace: options.namespace, name: AUTHORITY_NAME };
  const found = await client.get<KubeObject & { data?: Record<string, string> }>(
    CONFIG_MAPS,
    key,
    { signal: options.signal },
  );
  return splitBundle(found?.data?.[BUNDLE_KEY] ?? "");
}
