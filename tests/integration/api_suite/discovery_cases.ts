/** What a client asks before it asks for objects. */
import { type ApiCase, get } from "./api_case.ts";

const AGGREGATED =
  "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,application/json";
const OTHERS = "a real server has groups that are not served here";

export const DISCOVERY_CASES: readonly ApiCase[] = [
  {
    name: "discovery: health",
    steps: ["/healthz", "/readyz", "/livez"].map((path) => get(200, path)),
  },
  { name: "discovery: version", steps: [get(200, "/version", { statusOnly: "each has its own" })] },
  {
    name: "discovery: versions of the core group",
    steps: [get(200, "/api", { statusOnly: "names the server's address" })],
  },
  { name: "discovery: groups", steps: [get(200, "/apis", { statusOnly: OTHERS })] },
  {
    name: "discovery: groups, aggregated",
    steps: [get(200, "/apis", { accept: AGGREGATED, statusOnly: OTHERS })],
  },
  {
    name: "discovery: one group",
    steps: [get(200, "/apis/kubevirt.io"), get(200, "/apis/coordination.k8s.io")],
  },
  {
    name: "discovery: resources of a group version",
    steps: [
      get(200, "/apis/kubevirt.io/v1"),
      get(200, "/apis/instancetype.kubevirt.io/v1beta1"),
      get(200, "/apis/pool.kubevirt.io/v1beta1"),
    ],
  },
  {
    name: "discovery: a group that is not there",
    steps: [get(404, "/apis/ghosts.example", { statusOnly: "plain text" })],
  },
  {
    name: "discovery: schemas of a group version",
    steps: [
      get(200, "/openapi/v3/apis/kubevirt.io/v1", { statusOnly: "compared by kubectl explain" }),
    ],
  },
  {
    name: "discovery: an unknown path",
    steps: [get(404, "/nothing/here", { statusOnly: "plain text" })],
  },
];
