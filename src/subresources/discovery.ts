/** What the aggregated API says about itself. */
import { SUBRESOURCES_GROUP, SUBRESOURCES_VERSIONS } from "../api/registry.ts";

/** What upstream calls the group in its own document: without the "s". Clients have seen nothing else. */
const GROUP_DOCUMENT_NAME = "subresource.kubevirt.io";
const BASE = `/apis/${SUBRESOURCES_GROUP}`;

/** Who serves, as `…/version` tells it. */
export interface VersionInfo {
  /** "v" and a semantic version: virtctl compares its major and minor with its own. */
  gitVersion: string;
  gitCommit: string;
  buildDate: string;
  platform: string;
}

/** Documents by path; everybody may read them. `served`: "virtualmachines/start" and so on. */
export function discoveryDocuments(
  served: readonly string[],
  version: VersionInfo,
): Map<string, unknown> {
  const versionInfo = {
    gitVersion: version.gitVersion,
    gitCommit: version.gitCommit,
    gitTreeState: "clean",
    buildDate: version.buildDate,
    goVersion: "none",
    compiler: "deno",
    platform: version.platform,
  };
  const documents = new Map<string, unknown>([
    ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: [apiGroup()] }],
    [BASE, apiGroup()],
    ["/openapi/v2", openApiV2()],
    ["/openapi/v3", openApiV3Index()],
  ]);
  for (const each of SUBRESOURCES_VERSIONS) {
    documents.set(`${BASE}/${each}`, apiResourceList(each, served));
    documents.set(`${BASE}/${each}/version`, versionInfo);
    documents.set(`${BASE}/${each}/guestfs`, guestfs());
    documents.set(`/openapi/v3${BASE}/${each}`, openApiV3(each));
  }
  documents.set("/", { paths: [...documents.keys(), "/healthz", "/metrics"].sort() });
  return documents;
}

function apiGroup(): unknown {
  const versions = SUBRESOURCES_VERSIONS.map((version) => ({
    groupVersion: `${SUBRESOURCES_GROUP}/${version}`,
    version,
  }));
  return {
    kind: "APIGroup",
    apiVersion: "v1",
    name: GROUP_DOCUMENT_NAME,
    versions,
    preferredVersion: versions[0],
  };
}

/** Names and scope only, as upstream: there are no objects behind these paths. */
function apiResourceList(version: string, served: readonly string[]): unknown {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${SUBRESOURCES_GROUP}/${version}`,
    resources: served.map((name) => ({
      name,
      singularName: "",
      namespaced: true,
      kind: "",
      verbs: null,
    })),
  };
}

/** Where virtctl finds the image of its libguestfs pod; there is none. */
function guestfs(): unknown {
  return { registry: "", tag: "", digest: "", imagePrefix: "", gsImage: "" };
}

function openApiV2(): unknown {
  return { swagger: "2.0", info: openApiInfo(), paths: {}, definitions: {} };
}

function openApiV3Index(): unknown {
  return {
    paths: Object.fromEntries(SUBRESOURCES_VERSIONS.map((version) => [
      `apis/${SUBRESOURCES_GROUP}/${version}`,
      { serverRelativeURL: `/openapi/v3${BASE}/${version}` },
    ])),
  };
}

function openApiV3(version: string): unknown {
  return { openapi: "3.0.0", info: openApiInfo(version), paths: {}, components: {} };
}

function openApiInfo(version: string = SUBRESOURCES_VERSIONS[0]): unknown {
  return { title: SUBRESOURCES_GROUP, version };
}
