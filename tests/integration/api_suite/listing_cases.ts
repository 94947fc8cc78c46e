/** What GET of a collection does: selection, pages, versions, forms. */
import { type ApiCase, get, objectOf, post, type Step } from "./api_case.ts";
import { CONFIG_MAPS, configMap, labelled, pod, PODS, vm, vmi, VMIS, VMS } from "./objects.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA =
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/** Three objects; the label keeps away what the server itself puts into a namespace. */
const THREE: readonly Step[] = [
  post(201, CONFIG_MAPS, labelled("a", { suite: "yes", tier: "web", size: "1" })),
  post(201, CONFIG_MAPS, labelled("b", { suite: "yes", tier: "db" })),
  post(201, CONFIG_MAPS, labelled("c", { suite: "yes" })),
];

function selected(name: string, selector: string): ApiCase {
  const query = encodeURIComponent(`suite=yes,${selector}`);
  return {
    name: `list: label selector ${name}`,
    steps: [...THREE, get(200, `${CONFIG_MAPS}?labelSelector=${query}`)],
  };
}

function refusedSelector(name: string, query: string): ApiCase {
  return { name: `list: ${name}`, steps: [get(400, `${CONFIG_MAPS}?${query}`)] };
}

export const LISTING_CASES: readonly ApiCase[] = [
  { name: "list: nothing", steps: [get(200, VMS)] },
  {
    name: "list: in a namespace that is not there is empty",
    steps: [get(200, "/apis/kubevirt.io/v1/namespaces/{ns}-missing/virtualmachines")],
  },
  {
    name: "list: objects come by name",
    steps: [post(201, VMS, vm("b")), post(201, VMS, vm("a")), get(200, VMS)],
  },
  selected("equal", "tier=web"),
  selected("double equal", "tier==web"),
  selected("not equal", "tier!=web"),
  selected("in", "tier in (web,db)"),
  selected("notin", "tier notin (web)"),
  selected("exists", "tier"),
  selected("does not exist", "!tier"),
  selected("greater than", "size>0"),
  selected("less than", "size<1"),
  selected("two requirements", "tier,size=1"),
  refusedSelector("a label selector that is none", "labelSelector=a%20b%20c"),
  refusedSelector("a label selector with an impossible value", "labelSelector=a%3D-b-"),
  refusedSelector("a field selector of an unknown field", "fieldSelector=data.a%3D1"),
  refusedSelector("a field selector that is none", "fieldSelector=nothing"),
  {
    name: "list: an unknown field of a custom object",
    steps: [get(400, `${VMS}?fieldSelector=spec.runStrategy%3DHalted`)],
  },
  {
    name: "list: field selector by name",
    steps: [...THREE, get(200, `${CONFIG_MAPS}?fieldSelector=metadata.name%3Db`)],
  },
  {
    name: "list: field selector by other names",
    steps: [
      ...THREE,
      get(200, `${CONFIG_MAPS}?labelSelector=suite&fieldSelector=metadata.name!%3Db`),
    ],
  },
  {
    name: "list: custom objects by name and namespace",
    steps: [
      post(201, VMS, vm("a")),
      post(201, VMS, vm("b")),
      get(200, `${VMS}?fieldSelector=metadata.name%3Da`),
      get(200, "/apis/kubevirt.io/v1/virtualmachines?fieldSelector=metadata.namespace%3D{ns}"),
    ],
  },
  {
    name: "list: pods by phase and node",
    steps: [
      post(201, PODS, pod("a", { spec: { nodeName: "n1" } })),
      post(201, PODS, pod("b")),
      get(200, `${PODS}?fieldSelector=spec.nodeName%3Dn1`),
      get(200, `${PODS}?fieldSelector=status.phase%3DPending%2Cmetadata.name%3Db`),
    ],
  },
  {
    name: "list: pages follow each other",
    steps: [
      ...THREE,
      get(200, `${CONFIG_MAPS}?labelSelector=suite&limit=2`),
      (answers) =>
        get(
          200,
          `${CONFIG_MAPS}?labelSelector=suite&limit=2&continue=${continueOf(objectOf(answers))}`,
        ),
    ],
  },
  {
    name: "list: pages of custom objects are those of the first one's time",
    steps: [
      post(201, VMS, vm("a")),
      post(201, VMS, vm("b")),
      get(200, `${VMS}?limit=1`),
      post(201, VMS, vm("c")),
      (answers) => get(200, `${VMS}?limit=5&continue=${continueOf(objectOf(answers, 2))}`),
    ],
  },
  {
    name: "list: a continue token that is none",
    steps: [get(400, `${CONFIG_MAPS}?limit=1&continue=abc`)],
  },
  {
    name: "list: a continue token with a resourceVersion",
    steps: [
      ...THREE,
      get(200, `${CONFIG_MAPS}?limit=1`, { statusOnly: "the server's own objects come first" }),
      (answers) =>
        get(
          400,
          `${CONFIG_MAPS}?limit=1&resourceVersion=5&continue=${continueOf(objectOf(answers))}`,
        ),
    ],
  },
  {
    name: "list: a limit that is no number",
    steps: [get(400, `${CONFIG_MAPS}?limit=many`)],
  },
  {
    name: "list: at resourceVersion 0",
    steps: [
      post(201, VMS, vm("a")),
      get(200, `${VMS}?resourceVersion=0`, {
        statusOnly: "a cache may lag",
      }),
    ],
  },
  {
    name: "list: exactly at a version",
    steps: [
      post(201, VMS, vm("a")),
      post(201, VMS, vm("b")),
      (answers) =>
        get(200, `${VMS}?resourceVersion=${versionOf(answers, 0)}&resourceVersionMatch=Exact`),
    ],
  },
  {
    name: "list: not older than a version",
    steps: [
      post(201, VMS, vm("a")),
      (answers) =>
        get(
          200,
          `${VMS}?resourceVersion=${versionOf(answers, 0)}&resourceVersionMatch=NotOlderThan`,
        ),
    ],
  },
  {
    name: "list: a way to match without a version",
    steps: [get(422, `${VMS}?resourceVersionMatch=Exact`)],
  },
  {
    name: "list: an unknown way to match",
    steps: [get(422, `${VMS}?resourceVersion=1&resourceVersionMatch=Nearly`)],
  },
  {
    name: "list: exactly version 0",
    steps: [get(422, `${VMS}?resourceVersion=0&resourceVersionMatch=Exact`)],
  },
  {
    name: "list: a table of custom objects",
    steps: [
      post(201, VMS, vm("a")),
      post(201, VMS, vm("b", { spec: { runStrategy: "Manual" } })),
      get(200, VMS, { accept: TABLE }),
    ],
  },
  {
    name: "list: a table of instances, wide columns too",
    steps: [
      post(
        201,
        VMIS,
        vmi("a", {
          status: {
            phase: "Running",
            nodeName: "n1",
            interfaces: [{ ipAddress: "10.0.0.7" }],
            conditions: [{ type: "Ready", status: "True" }],
          },
        }),
      ),
      get(200, VMIS, { accept: TABLE }),
    ],
  },
  {
    name: "list: an empty table",
    steps: [get(200, VMS, { accept: TABLE })],
  },
  {
    name: "list: metadata alone",
    steps: [
      ...THREE,
      get(200, `${CONFIG_MAPS}?labelSelector=suite`, { accept: METADATA }),
      post(201, VMS, vm("a")),
      get(200, VMS, { accept: METADATA }),
    ],
  },
  {
    name: "list: of all namespaces",
    steps: [
      post(201, CONFIG_MAPS, configMap("a", { metadata: { labels: { in: "{ns}" } } })),
      get(200, "/api/v1/configmaps?labelSelector=in%3D{ns}"),
      post(201, VMS, vm("a", { metadata: { labels: { in: "{ns}" } } })),
      get(200, "/apis/kubevirt.io/v1/virtualmachines?labelSelector=in%3D{ns}"),
    ],
  },
];

function continueOf(list: { metadata: { continue?: string } }): string {
  return encodeURIComponent(list.metadata.continue ?? "");
}

function versionOf(answers: Parameters<typeof objectOf>[0], index: number): string {
  return objectOf(answers, index).metadata.resourceVersion ?? "";
}
