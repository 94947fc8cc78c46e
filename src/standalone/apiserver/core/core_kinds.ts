/** Kubernetes' own kinds that the embedded API server has. */
import type { GroupVersionKind } from "../schema/core_schemas.ts";
import { CONFIG_MAP } from "./config_map.ts";
import type { CoreKind } from "./core_kind.ts";
import { NAMESPACE } from "./namespace.ts";
import { SECRET } from "./secret.ts";

const KINDS: Record<string, CoreKind> = {
  "/v1/ConfigMap": CONFIG_MAP,
  "/v1/Namespace": NAMESPACE,
  "/v1/Secret": SECRET,
};

/** The rules of a kind, or `undefined` when Kubernetes does not have it. */
export function coreKind({ group, version, kind }: GroupVersionKind): CoreKind | undefined {
  return KINDS[`${group}/${version}/${kind}`];
}
