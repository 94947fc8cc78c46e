/** Keeps the authorities' bundle in everything through which the API server calls us. Level-triggered. */
import { ConflictError, InvalidError, type KubeClient, type Resource } from "../kube/client.ts";
import {
  API_SERVICES,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from "../kube/core_resources.ts";
import type { KubeObject } from "../kube/object.ts";

interface ClientConfig {
  caBundle?: string;
}

export interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: ClientConfig }[];
}

export interface ApiServiceObject extends KubeObject {
  spec: ClientConfig;
}

/** What is kept. */
export interface InjectionTargets {
  mutatingWebhooks: readonly string[];
  validatingWebhooks: readonly string[];
  apiServices: readonly string[];
}

/** One JSON patch operation. */
interface PatchOperation {
  op: "test" | "add";
  path: string;
  value: unknown;
}

/** Patches what differs; what is not installed is left alone. @returns names of the objects that were changed */
export async function injectBundle(
  client: KubeClient,
  options: { targets: InjectionTargets; bundle: string; signal: AbortSignal },
): Promise<string[]> {
  const { targets, bundle, signal } = options;
  const caBundle = btoa(bundle);
  const wanted: [Resource, string][] = [
    ...targets.mutatingWebhooks.map((name) => pair(MUTATING_WEBHOOK_CONFIGURATIONS, name)),
    ...targets.validatingWebhooks.map((name) => pair(VALIDATING_WEBHOOK_CONFIGURATIONS, name)),
    ...targets.apiServices.map((name) => pair(API_SERVICES, name)),
  ];
  const changed: string[] = [];
  for (const [resource, name] of wanted) {
    const object = await client.get<KubeObject>(resource, { name }, { signal });
    if (object === undefined) continue;
    const patch = resource === API_SERVICES
      ? apiServicePatch(object as ApiServiceObject, caBundle)
      : webhookPatch(object as WebhookConfiguration, caBundle);
    if (patch.length === 0) continue;
    try {
      await client.patch(resource, { name }, patch, { type: "json", signal });
      changed.push(name);
    } catch (error) {
      // It changed while we looked: the next look sees what it became.
      if (!(error instanceof InvalidError || error instanceof ConflictError)) throw error;
    }
  }
  return changed;
}

/** Operations that give each webhook the bundle. Tests names first: a list may have been reordered meanwhile. */
export function webhookPatch(
  configuration: WebhookConfiguration,
  caBundle: string,
): PatchOperation[] {
  return (configuration.webhooks ?? []).flatMap((webhook, index): PatchOperation[] => {
    if (webhook.clientConfig.caBundle === caBundle) return [];
    return [
      { op: "test", path: `/webhooks/${index}/name`, value: webhook.name },
      { op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle },
    ];
  });
}

/** Operations that give an APIService the bundle. */
export function apiServicePatch(service: ApiServiceObject, caBundle: string): PatchOperation[] {
  if (service.spec.caBundle === caBundle) return [];
  return [{ op: "add", path: "/spec/caBundle", value: caBundle }];
}

function pair(resource: Resource, name: string): [Resource, string] {
  return [resource, name];
}
