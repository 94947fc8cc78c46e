/** Who controls an object: at most one owner reference has `controller: true`. */
import type { KubeObject, OwnerReference } from "../kube/object.ts";

type Owned = { metadata: { ownerReferences?: readonly OwnerReference[] } };

export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function isControlledBy(object: Owned, uid: string): boolean {
  return controllerOf(object)?.uid === uid;
}

/** The reference of a controller to what it makes: garbage collected with it, and the owner waits in foreground deletion. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata: { name, uid } } = owner;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
