/**
 * An instancetype or preference as it was when a VM first used it, kept as a ControllerRevision under KubeVirt's name for it:
 * later changes do not reach the VM until its status names another one. It goes with the VM.
 */
import {
  REVISION_OBJECT_GENERATION_LABEL,
  REVISION_OBJECT_KIND_LABEL,
  REVISION_OBJECT_NAME_LABEL,
  REVISION_OBJECT_UID_LABEL,
  REVISION_OBJECT_VERSION_LABEL,
} from "../../api/labels.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { controllerReference } from "../owner_reference.ts";
import { sha1Hex } from "../sha1.ts";

const NAME_LENGTH_MAX = 253;
const LABEL_VALUE_LENGTH_MAX = 63;

/** An instancetype or preference of any kind. */
export type SizeObject = KubeObject & { spec: unknown };

/** Follows from what is in it, so that it is made once. */
export function sizeRevisionName(vm: KubeObject, { apiVersion, metadata }: SizeObject): string {
  const { name, uid, generation = 1 } = metadata;
  const suffix = `${versionOf(apiVersion)}-${uid}-${generation}`;
  const full = `${vm.metadata.name}-${name}-${suffix}`;
  if (full.length <= NAME_LENGTH_MAX) return full;
  return `${sha1Hex(`${vm.metadata.name}-${name}`)}-${suffix}`;
}

export function sizeRevisionOf(vm: KubeObject, object: SizeObject): NewObject<ControllerRevision> {
  const { apiVersion, kind, metadata: { name, namespace, uid, generation = 1 }, spec } = object;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: sizeRevisionName(vm, object),
      ...(vm.metadata.namespace !== undefined && { namespace: vm.metadata.namespace }),
      labels: {
        [REVISION_OBJECT_GENERATION_LABEL]: String(generation),
        [REVISION_OBJECT_KIND_LABEL]: kind,
        ...(name.length <= LABEL_VALUE_LENGTH_MAX && { [REVISION_OBJECT_NAME_LABEL]: name }),
        [REVISION_OBJECT_UID_LABEL]: uid,
        [REVISION_OBJECT_VERSION_LABEL]: versionOf(apiVersion),
      },
      ownerReferences: [controllerReference(vm)],
    },
    revision: generation,
    data: {
      apiVersion,
      kind,
      metadata: { name, ...(namespace !== undefined && { namespace }), uid, generation },
      spec,
    },
  };
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf("/") + 1);
}
