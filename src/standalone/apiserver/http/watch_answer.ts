/** A watch as lines of JSON. */
import { KubeError } from "../../../kube/client.ts";
import type { JsonObject } from "../../../kube/json.ts";
import { apiVersionOf, isStoredForm, type ServedKind } from "../kinds/kind.ts";
import type { ObjectEvent } from "../watch/watch_objects.ts";
import { statusObject } from "./api_request.ts";
import { type IncludeObject, partialMetadata, tableOf } from "./table.ts";

/** How a watch shows objects. */
export interface WatchForm {
  served: ServedKind;
  as?: "Table" | "PartialObjectMetadata";
  include: IncludeObject;
  now: () => Date;
}

const ENCODER = new TextEncoder();
/** Lines of the same moment go together up to this many bytes: a chunk costs its reader as much as several lines do. */
const CHUNK_BYTES = 64 * 1024;

/** The lines of a watch, whole ones. An error while it runs is its last line: the answer has begun. */
export async function* watchLines(
  batches: AsyncIterable<ObjectEvent[]>,
  form: WatchForm,
): AsyncGenerator<Uint8Array> {
  const show = shown(form);
  const plain = form.as === undefined && isStoredForm(form.served);
  try {
    for await (const batch of batches) {
      let [lines, length]: [Uint8Array[], number] = [[], 0];
      for (const event of batch) {
        const next = plain && event.type !== "BOOKMARK" && event.change !== undefined
          ? event.change.line(event.type)
          : line(event.type, show(event));
        if (length > 0 && length + next.length > CHUNK_BYTES) {
          yield joined(lines, length);
          [lines, length] = [[], 0];
        }
        lines.push(next);
        length += next.length;
      }
      if (length > 0) yield joined(lines, length);
    }
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    yield line("ERROR", statusObject(error.status, error.code));
  }
}

/** One alone is not copied: watches share it. */
function joined(lines: readonly Uint8Array[], length: number): Uint8Array {
  if (lines.length === 1) return lines[0]!;
  const chunk = new Uint8Array(length);
  let at = 0;
  for (const each of lines) {
    chunk.set(each, at);
    at += each.length;
  }
  return chunk;
}

function line(type: string, object: unknown): Uint8Array {
  return ENCODER.encode(JSON.stringify({ type, object }) + "\n");
}

function shown({ served, as, include, now }: WatchForm): (event: ObjectEvent) => unknown {
  let columns = true;
  return (event) => {
    const object = event.type === "BOOKMARK" ? bookmarkObject(served, event) : event.object();
    if (as === "PartialObjectMetadata") return partialMetadata(object);
    if (as === undefined) return object;
    const { resourceVersion = "" } = object.metadata as JsonObject;
    const metadata = { resourceVersion };
    const table = tableOf([object], { kind: served.kind, include, now: now(), metadata, columns });
    columns = false;
    return table;
  };
}

function bookmarkObject(
  { kind, form }: ServedKind,
  { revision, initialEventsEnd }: ObjectEvent & { type: "BOOKMARK" },
): JsonObject {
  return {
    kind: kind.kind,
    apiVersion: apiVersionOf(form),
    metadata: {
      resourceVersion: String(revision),
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    },
  };
}
