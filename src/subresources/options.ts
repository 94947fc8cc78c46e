/** Bodies of the verbs: JSON or YAML, and empty where nothing needs to be said. */
import { parse } from "yaml";
import * as z from "zod";
import type { Denial } from "./status_response.ts";
import { badRequest } from "./status_response.ts";

const dryRun = z.array(z.string()).nullish();

export const StartBody = z.object({ paused: z.boolean().nullish(), dryRun });
export const StopBody = z.object({ gracePeriod: z.int().nullish(), dryRun });
export const RestartBody = z.object({ gracePeriodSeconds: z.int().nullish(), dryRun });
export const MigrateBody = z.object({
  addedNodeSelector: z.record(z.string(), z.string()).nullish(),
  dryRun,
});
export const PauseBody = z.object({ dryRun });

/** The options, or why they are none. */
export function parseOptions<T>(
  body: Uint8Array,
  schema: z.ZodType<T>,
): { options: T } | { denied: Denial } {
  const read = parseBody(body);
  if ("denied" in read) return read;
  const parsed = schema.safeParse(read.value ?? {});
  if (parsed.success) return { options: parsed.data };
  const why = z.prettifyError(parsed.error);
  return { denied: badRequest(`Can not unmarshal Request body to struct: ${why}`) };
}

/** JSON or YAML; `undefined` or null for an empty body. */
export function parseBody(body: Uint8Array): { value: unknown } | { denied: Denial } {
  try {
    return { value: parseText(new TextDecoder("utf-8", { fatal: true }).decode(body)) };
  } catch {
    return {
      denied: badRequest("Can not unmarshal Request body to struct: neither JSON nor YAML"),
    };
  }
}

/** What clients send is JSON nearly always, and read some hundred times faster as such. */
function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parse(text, { maxAliasCount: 0 });
  }
}

/** Kubernetes knows one dry run: all of it. */
export function isDryRun(options: { dryRun?: string[] | null | undefined }): boolean {
  return options.dryRun?.includes("All") ?? false;
}
