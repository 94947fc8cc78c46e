/** Kubernetes' own kinds that the embedded API server has. */
import type { GroupVersionKind } from "../schema/core_schemas.ts";
import { CONFIG_MAP } from "./config_map.ts";
import { CONTROLLER_REVISION } from "./controller_revision.ts";
import type { CoreKind } from "./core_kind.ts";
import { ENDPOINT_SLICE } from "./endpoint_slice.ts";
import { EVENT } from "./event.ts";
import { LEASE } from "./lease.ts";
import { NAMESPACE } from "./namespace.ts";
import { NODE } from "./node.ts";
import { POD } from "./pod.ts";
import { RESOURCE_QUOTA } from "./resource_quota.ts";
import { SECRET } from "./secret.ts";
import { SERVICE } from "./service.ts";
import { SERVICE_ACCOUNT } from "./service_account.ts";
import { STORAGE_CLASS } from "./storage_class.ts";
import { VOLUME } from "./volume.ts";
import { VOLUME_CLAIM } from "./volume_claim.ts";

const KINDS: Record<string, CoreKind> = {
  "/v1/ConfigMap": CONFIG_MAP,
  "/v1/Event": EVENT,
  "/v1/Namespace": NAMESPACE,
  "/v1/Node": NODE,
  "/v1/PersistentVolume": VOLUME,
  "/v1/PersistentVolumeClaim": VOLUME_CLAIM,
  "/v1/Pod": POD,
  "/v1/ResourceQuota": RESOURCE_QUOTA,
  "/v1/Secret": SECRET,
  "/v1/Service": SERVICE,
  "/v1/ServiceAccount": SERVICE_ACCOUNT,
  "apps/v1/ControllerRevision": CONTROLLER_REVISION,
  "coordination.k8s.io/v1/Lease": LEASE,
  "discovery.k8s.io/v1/EndpointSlice": ENDPOINT_SLICE,
  "storage.k8s.io/v1/StorageClass": STORAGE_CLASS,
};

/** The rules of a kind, or `undefined` when Kubernetes does not have it. */
export function coreKind({ group, version, kind }: GroupVersionKind): CoreKind | undefined {
  return KINDS[`${group}/${version}/${kind}`];
}
