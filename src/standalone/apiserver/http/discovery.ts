/** What the server says of what it serves, in the old form and in the aggregated one. Pure. */
import { createHash } from "node:crypto";
import { apiVersionOf, type Kind, type ServedKind } from "../kinds/kind.ts";
import type { KindRegistry } from "../kinds/kind_registry.ts";

/** A group that is served beside the kinds: its documents come ready. */
export interface ExtraGroup {
  group: string;
  versions: readonly string[];
  /** APIResourceList entries. */
  resources: readonly ApiResource[];
}

export interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  group?: string;
  version?: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  storageVersionHash?: string;
}

/** The orders in which kube-apiserver lists verbs. */
const CORE_VERBS = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];
const CUSTOM_VERBS = [
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "create",
  "update",
  "watch",
];
const PART_VERBS = ["get", "patch", "update"];
/** Namespaces are not deleted by the dozen. */
const SINGLE_VERBS = CORE_VERBS.filter((verb) => verb !== "deletecollection");

/** `/api` */
export function coreVersions(address: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
  };
}

/** `/apis` */
export function groupList(kinds: KindRegistry, extra: readonly ExtraGroup[]): object {
  const groups = allGroups(kinds, extra).filter(({ group }) => group !== "").map(groupOf);
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

/** `/apis/GROUP`; `undefined` for a group that is not there. */
export function groupDocument(
  kinds: KindRegistry,
  extra: readonly ExtraGroup[],
  group: string,
): object | undefined {
  const found = allGroups(kinds, extra).find((each) => each.group === group);
  return found === undefined
    ? undefined
    : { kind: "APIGroup", apiVersion: "v1", ...groupOf(found) };
}

/** `/apis/GROUP/VERSION` and `/api/v1`. */
export function resourceList(
  kinds: KindRegistry,
  extra: readonly ExtraGroup[],
  at: { group: string; version: string },
): object | undefined {
  const resources = resourcesOf(kinds, extra, at);
  if (resources.length === 0) return undefined;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersionOf(at), resources };
}

/** `/apis` (and `/api` for the core group) as one APIGroupDiscoveryList. */
export function aggregatedDiscovery(
  kinds: KindRegistry,
  extra: readonly ExtraGroup[],
  root: "api" | "apis",
): object {
  const groups = allGroups(kinds, extra).filter(({ group }) => (group === "") === (root === "api"));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        freshness: "Current",
        resources: discoveryResources(resourcesOf(kinds, extra, { group, version }), {
          group,
          version,
        }),
      })),
    })),
  };
}

function allGroups(kinds: KindRegistry, extra: readonly ExtraGroup[]) {
  return [
    ...kinds.groupVersions(),
    ...extra.map(({ group, versions }) => ({ group, versions: [...versions] })),
  ];
}

function groupOf({ group, versions }: { group: string; versions: readonly string[] }) {
  const named = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: named, preferredVersion: named[0] };
}

function resourcesOf(
  kinds: KindRegistry,
  extra: readonly ExtraGroup[],
  at: { group: string; version: string },
): ApiResource[] {
  const more = extra.find(({ group, versions }) =>
    group === at.group && versions.includes(at.version)
  );
  return [...kinds.served(at).flatMap(resourcesOfKind), ...(more?.resources ?? [])];
}

function resourcesOfKind(served: ServedKind): ApiResource[] {
  const { kind } = served;
  const { plural, namespaced } = kind;
  const part = (name: string, more: Partial<ApiResource> = {}): ApiResource => ({
    name: `${plural}/${name}`,
    singularName: "",
    namespaced,
    kind: kind.kind,
    verbs: PART_VERBS,
    ...more,
  });
  return [
    {
      name: plural,
      singularName: kind.singular,
      namespaced,
      kind: kind.kind,
      verbs: kind.custom ? CUSTOM_VERBS : kind.kind === "Namespace" ? SINGLE_VERBS : CORE_VERBS,
      ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
      ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
      storageVersionHash: storageVersionHash(kind),
    },
    ...(kind.subresources ?? []).map(({ name, ...more }) => part(name, more)),
    ...(kind.statusSubresource ? [part("status")] : []),
    ...(kind.scale === undefined
      ? []
      : [part("scale", { group: "autoscaling", version: "v1", kind: "Scale" })]),
  ];
}

/** By which migrations tell that the stored form changed. */
function storageVersionHash({ group, version, kind }: Kind): string {
  const hash = createHash("sha256").update(`${group}/${version}, Kind=${kind}`).digest();
  return hash.subarray(0, 8).toString("base64");
}

function discoveryResources(
  resources: readonly ApiResource[],
  at: { group: string; version: string },
): object[] {
  const whole = resources.filter(({ name }) => !name.includes("/"));
  const parents = new Set([...whole, ...resources].map(({ name }) => name.split("/")[0]));
  return [...parents].map((parent) => {
    const resource = whole.find(({ name }) => name === parent);
    const parts = resources.filter(({ name }) => name.startsWith(`${parent}/`));
    return {
      resource: parent,
      ...(resource === undefined ? {} : { responseKind: responseKind(resource, at) }),
      scope: (resource ?? parts[0])?.namespaced ? "Namespaced" : "Cluster",
      singularResource: resource?.singularName ?? "",
      verbs: resource?.verbs ?? [],
      ...(resource?.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
      ...(resource?.categories === undefined ? {} : { categories: resource.categories }),
      ...(parts.length === 0 ? {} : {
        subresources: parts.map((each) => ({
          subresource: each.name.slice(parent!.length + 1),
          responseKind: responseKind(each, at),
          verbs: each.verbs,
        })),
      }),
    };
  });
}

function responseKind(
  { group, version, kind }: ApiResource,
  at: { group: string; version: string },
): object {
  return {
    group: group ?? (version === undefined ? at.group : ""),
    version: version ?? at.version,
    kind,
  };
}
