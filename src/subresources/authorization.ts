/** Asks the API server whether a user may do what was asked of us. */
import { SUBRESOURCES_GROUP } from "../api/registry.ts";
import type { KubeClient } from "../kube/client.ts";
import { SUBJECT_ACCESS_REVIEWS } from "../kube/core_resources.ts";
import type { KubeObject } from "../kube/object.ts";
import type { UserIdentity } from "./front_proxy.ts";
import type { SubresourcePath } from "./route.ts";

const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  PUT: "update",
  POST: "create",
  PATCH: "patch",
  DELETE: "delete",
};

interface SubjectAccessReview extends KubeObject {
  status?: { allowed?: boolean; reason?: string; evaluationError?: string };
}

/** The SubjectAccessReview for one request. `undefined`: no verb of Kubernetes belongs to the method. */
export function accessReview(
  identity: UserIdentity,
  asked: { method: string; path: SubresourcePath },
): Record<string, unknown> | undefined {
  const { method, path } = asked;
  const verb = VERBS[method];
  if (verb === undefined) return undefined;
  const { version, namespace, resource, subresource, name } = path;
  const named = name === "" ? {} : { subresource, name };
  return resourceReview(identity, {
    group: SUBRESOURCES_GROUP,
    version,
    namespace,
    resource,
    ...named,
    verb,
  });
}

/** What a user may or may not do to what. */
export interface ReviewedResource {
  group: string;
  version: string;
  /** Plural. */
  resource: string;
  verb: string;
  /** Absent: cluster-wide. */
  namespace?: string;
  subresource?: string;
  name?: string;
}

/** The SubjectAccessReview for anything. */
export function resourceReview(
  identity: UserIdentity,
  resourceAttributes: ReviewedResource,
): Record<string, unknown> {
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: identity.user,
      groups: identity.groups,
      ...(identity.uid === undefined ? {} : { uid: identity.uid }),
      extra: identity.extra,
      resourceAttributes,
    },
  };
}

/** `undefined`: allowed. Otherwise why not. Throws when the API server cannot tell. */
export async function whyForbidden(
  client: KubeClient,
  review: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await client.create<SubjectAccessReview>(SUBJECT_ACCESS_REVIEWS, review, {
    signal,
  });
  if (answer.status?.allowed === true) return undefined;
  return answer.status?.reason || answer.status?.evaluationError || "not authorized";
}
