/** Answers to "who am I" and "may I": `kubectl auth can-i` and `whoami`. Nothing is stored. */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import type { ApiResource } from "../http/discovery.ts";
import type { UserInfo } from "../objects/write_request.ts";
import { badRequest } from "../status_error.ts";
import {
  ADMIN_GROUP,
  ADMIN_RULE,
  allowedBy,
  type Attributes,
  READ_ONLY_GROUP,
} from "./identity.ts";

/** As discovery lists them, by group. */
export const REVIEW_RESOURCES: Readonly<Record<string, readonly ApiResource[]>> = {
  "authentication.k8s.io": [
    review("selfsubjectreviews", "SelfSubjectReview"),
    review("tokenreviews", "TokenReview"),
  ],
  "authorization.k8s.io": [
    { ...review("localsubjectaccessreviews", "LocalSubjectAccessReview"), namespaced: true },
    review("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    review("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    review("subjectaccessreviews", "SubjectAccessReview"),
  ],
};

function review(name: string, kind: string): ApiResource {
  return { name, singularName: kind.toLowerCase(), namespaced: false, kind, verbs: ["create"] };
}

/** The answered review; `undefined` for a resource that is none. */
export function answerReview(
  plural: string,
  body: JsonObject,
  user: UserInfo,
): JsonObject | undefined {
  const spec = isObject(body.spec) ? body.spec : {};
  const answer = (status: JsonObject, more: JsonObject = {}) => ({
    metadata: {},
    ...body,
    ...more,
    status,
  });
  switch (plural) {
    case "selfsubjectreviews":
      return answer({ userInfo: { username: user.username, groups: [...user.groups] } });
    case "selfsubjectaccessreviews":
      return answer(decision(user, spec));
    case "subjectaccessreviews":
    case "localsubjectaccessreviews":
      return answer(decision(subjectOf(spec), spec));
    case "selfsubjectrulesreviews":
      return answer(rulesOf(user), { spec });
    default:
      return undefined;
  }
}

function subjectOf({ user, groups }: JsonObject): UserInfo {
  if (typeof user !== "string" && !Array.isArray(groups)) {
    throw badRequest("spec.user: at least one of user or group must be specified");
  }
  const names = Array.isArray(groups) ? groups.map(String) : [];
  return { username: String(user ?? ""), groups: names };
}

function decision(user: UserInfo, spec: JsonObject): JsonObject {
  const rule = allowedBy(user, attributesOf(spec));
  // Who may do everything is not told why.
  const why = rule === ADMIN_RULE ? {} : { reason: `allowed by ${rule}` };
  return rule === undefined ? { allowed: false } : { allowed: true, ...why };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: JsonObject): Attributes {
  const text = (of: JsonObject, name: string) => String(of[name] ?? "");
  if (isObject(nonResourceAttributes)) {
    return { verb: text(nonResourceAttributes, "verb"), path: text(nonResourceAttributes, "path") };
  }
  if (!isObject(resourceAttributes)) {
    throw badRequest(
      "spec.resourceAttributes: exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
  }
  const subresource = text(resourceAttributes, "subresource");
  return {
    verb: text(resourceAttributes, "verb"),
    group: text(resourceAttributes, "group"),
    resource: text(resourceAttributes, "resource"),
    ...(subresource === "" ? {} : { subresource }),
    namespace: text(resourceAttributes, "namespace"),
    name: text(resourceAttributes, "name"),
  };
}

function rulesOf(user: UserInfo): JsonObject {
  const all = user.groups.includes(ADMIN_GROUP);
  const view = user.groups.includes(READ_ONLY_GROUP);
  const rule = (verbs: string[]) => ({ verbs, apiGroups: ["*"], resources: ["*"] });
  return {
    resourceRules: all ? [rule(["*"])] : view ? [rule(["get", "list", "watch"])] : [],
    nonResourceRules: [{ verbs: all ? ["*"] : ["get"], nonResourceURLs: ["*"] }],
    // Reading everything but secrets cannot be said in rules that only allow.
    incomplete: !all && view,
  };
}
