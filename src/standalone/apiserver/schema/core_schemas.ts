/** Schemas of the kinds that Kubernetes itself has. */
import components from "./generated/core_schemas.json" with { type: "json" };
import { linkSchemas, type Schema, type SchemaDocument } from "./schema.ts";

/** The components of an OpenAPI document, by name; references are not resolved. */
export const CORE_COMPONENTS: Readonly<Record<string, SchemaDocument>> = withoutNote(components);

/** What names a kind. */
export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

let linked: Record<string, Schema> | undefined;
const kinds = new Map<string, Schema>();

/** The schema of a kind that Kubernetes has, or `undefined`. Its parts are shared: do not change them. */
export function coreSchema({ group, version, kind }: GroupVersionKind): Schema | undefined {
  if (kinds.size === 0) {
    for (const schema of Object.values(link())) {
      for (const each of schema["x-kubernetes-group-version-kind"] ?? []) {
        kinds.set(keyOf(each), { ...schema, typed: true });
      }
    }
  }
  return kinds.get(keyOf({ group, version, kind }));
}

/** metav1.ObjectMeta. */
export function objectMetaSchema(): Schema {
  return link()["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]!;
}

function link(): Record<string, Schema> {
  return linked ??= linkSchemas(asGoWrites(CORE_COMPONENTS));
}

/** Times that are no pointers in their Go type: where they are not given, JSON has null. */
const ZERO_TIMES: Record<string, readonly string[]> = {
  "io.k8s.api.core.v1.ContainerStateRunning": ["startedAt"],
  "io.k8s.api.core.v1.ContainerStateTerminated": ["finishedAt", "startedAt"],
  "io.k8s.api.core.v1.Event": ["eventTime", "firstTimestamp", "lastTimestamp"],
  "io.k8s.api.core.v1.NamespaceCondition": ["lastTransitionTime"],
  "io.k8s.api.core.v1.NodeCondition": ["lastHeartbeatTime", "lastTransitionTime"],
  "io.k8s.api.core.v1.PersistentVolumeClaimCondition": ["lastProbeTime", "lastTransitionTime"],
  "io.k8s.api.core.v1.PodCondition": ["lastProbeTime", "lastTransitionTime"],
};
const RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/** The components with what Go's types say and OpenAPI does not. */
function asGoWrites(schemas: Readonly<Record<string, SchemaDocument>>) {
  const changed = { ...schemas };
  for (const [name, times] of Object.entries(ZERO_TIMES)) {
    const properties = { ...changed[name]?.properties as Record<string, SchemaDocument> };
    for (const time of times) properties[time] = { ...properties[time], default: null };
    changed[name] = { ...changed[name], properties };
  }
  // What is in it is nobody's business: it is owned whole.
  changed[RAW_EXTENSION] = { ...changed[RAW_EXTENSION], "x-kubernetes-map-type": "atomic" };
  return changed;
}

function keyOf({ group, version, kind }: GroupVersionKind): string {
  return `${group}/${version}/${kind}`;
}

function withoutNote(file: Record<string, unknown>): Record<string, SchemaDocument> {
  const { "//": _, ...schemas } = file;
  return schemas as Record<string, SchemaDocument>;
}
