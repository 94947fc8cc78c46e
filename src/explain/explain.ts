/** `denovirt-controller explain`: asks a controller what it would do about one object, and does nothing. */
import type { KubeClient } from "../kube/client.ts";
import { formatKey, type ObjectKey } from "../kube/object.ts";
import { createControllerInformers, runInformers } from "../resources/informers.ts";
import type { Logger } from "../runtime/log.ts";
import { type ExplainDependencies, EXPLAINERS, findExplainer } from "./explainers.ts";
import { ReadOnlyClient } from "./read_only_client.ts";
import { renderExplanation } from "./render.ts";

export interface ExplainRequest {
  /** Any name of it: vm, virtualmachine, VirtualMachine, virtualmachines. */
  kind: string;
  key: ObjectKey;
  /** @default text for people */
  output?: "json" | undefined;
}

export interface ExplainOptions
  extends Pick<ExplainDependencies, "envelopeImage" | "namespace" | "version"> {
  client: KubeClient;
  logger: Logger;
  signal: AbortSignal;
}

/** What there is to print, or why there is nothing. */
export type ExplainOutcome = { text: string } | { problem: string };

/** Reads what the controllers would have in their caches, from the whole cluster. */
export async function explain(
  { kind, key, output }: ExplainRequest,
  options: ExplainOptions,
): Promise<ExplainOutcome> {
  const explainer = findExplainer(kind);
  if (explainer === undefined) {
    const known = EXPLAINERS.map(({ names }) => names[0]).join(", ");
    return { problem: `Cannot explain ${kind}: must be one of ${known}` };
  }
  const client = new ReadOnlyClient(options.client);
  const { logger, signal } = options;
  const informers = createControllerInformers({ client, logger });
  const stop = new AbortController();
  const running = runInformers(informers, AbortSignal.any([signal, stop.signal]));
  try {
    await Promise.all(Object.values(informers).map((informer) => informer.waitForSync(signal)));
    const dependencies = { ...options, client, informers, events: { record: () => {} } };
    const explanation = await explainer.explain(dependencies, key, signal);
    const title = `${explainer.resource.kind} ${formatKey(key)}`;
    if (explanation === undefined) return { problem: `Cannot explain ${title}: it does not exist` };
    return {
      text: output === "json"
        ? `${JSON.stringify(explanation, jsonable, 2)}\n`
        : renderExplanation(title, explanation),
    };
  } finally {
    stop.abort();
    await running;
  }
}

/** JSON has no sets. */
function jsonable(_: string, value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}
