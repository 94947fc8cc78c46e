/** What GET of one object does, and in which forms. */
import { type ApiCase, get, post } from "./api_case.ts";
import { CONFIG_MAPS, configMap, pod, PODS, vm, vmi, VMIS, VMS } from "./objects.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

export const READING_CASES: readonly ApiCase[] = [
  { name: "get: an object that is not there", steps: [get(404, `${CONFIG_MAPS}/none`)] },
  { name: "get: a custom object that is not there", steps: [get(404, `${VMS}/none`)] },
  {
    name: "get: in a namespace that is not there",
    steps: [get(404, "/api/v1/namespaces/{ns}-missing/configmaps/none")],
  },
  {
    name: "get: a resource that is not served",
    steps: [get(404, "/api/v1/namespaces/{ns}/ghosts/one", { statusOnly: "plain text" })],
  },
  {
    name: "get: a group that is not served",
    steps: [get(404, "/apis/ghosts.example/v1/ghosts", { statusOnly: "plain text" })],
  },
  {
    name: "get: a version that is not served",
    steps: [
      get(404, "/apis/kubevirt.io/v9/namespaces/{ns}/virtualmachines", {
        statusOnly: "plain text",
      }),
    ],
  },
  {
    name: "get: the older version of a custom object",
    steps: [
      post(201, VMS, vm("one")),
      get(200, "/apis/kubevirt.io/v1alpha3/namespaces/{ns}/virtualmachines/one"),
    ],
  },
  {
    name: "get: a table of a custom object has its printer columns",
    steps: [
      post(201, VMIS, vmi("one", { status: { phase: "Running", nodeName: "n1" } })),
      get(200, `${VMIS}/one`, { accept: TABLE }),
    ],
  },
  {
    name: "get: a table of a VM",
    steps: [post(201, VMS, vm("one")), get(200, `${VMS}/one`, { accept: TABLE })],
  },
  {
    name: "get: a table with whole objects",
    steps: [
      post(201, VMS, vm("one")),
      get(200, `${VMS}/one?includeObject=Object`, { accept: TABLE }),
    ],
  },
  {
    name: "get: a table without objects",
    steps: [
      post(201, VMS, vm("one")),
      get(200, `${VMS}/one?includeObject=None`, { accept: TABLE }),
    ],
  },
  {
    name: "get: a table of a pod",
    steps: [post(201, PODS, pod("one")), get(200, `${PODS}/one`, { accept: TABLE })],
  },
  {
    name: "get: a table of a config map",
    steps: [
      post(201, CONFIG_MAPS, configMap("one", { data: { a: "1", b: "2" } })),
      get(200, `${CONFIG_MAPS}/one`, { accept: TABLE }),
    ],
  },
  {
    name: "get: metadata alone",
    steps: [
      post(201, CONFIG_MAPS, configMap("one")),
      get(200, `${CONFIG_MAPS}/one`, { accept: METADATA }),
      post(201, VMS, vm("one")),
      get(200, `${VMS}/one`, { accept: METADATA }),
    ],
  },
  {
    name: "get: a form that nobody can give",
    steps: [
      post(201, CONFIG_MAPS, configMap("one")),
      get(406, `${CONFIG_MAPS}/one`, { accept: "text/html" }),
    ],
  },
  {
    name: "get: parameters that mean nothing are passed over",
    steps: [post(201, CONFIG_MAPS, configMap("one")), get(200, `${CONFIG_MAPS}/one?colour=red`)],
  },
  {
    name: "get: resourceVersion 0 is any version",
    steps: [
      post(201, CONFIG_MAPS, configMap("one")),
      get(200, `${CONFIG_MAPS}/one?resourceVersion=0`, { eventually: true }),
    ],
  },
  {
    name: "get: a resourceVersion that is no number",
    steps: [
      post(201, CONFIG_MAPS, configMap("one")),
      get(500, `${CONFIG_MAPS}/one?resourceVersion=abc`),
    ],
  },
  {
    name: "get: a namespace",
    steps: [
      get(200, "/api/v1/namespaces/{ns}"),
      get(200, "/api/v1/namespaces/{ns}", { accept: TABLE }),
    ],
  },
  {
    name: "get: status of a VM is the VM",
    steps: [post(201, VMS, vm("one")), get(200, `${VMS}/one/status`)],
  },
  {
    name: "get: status where it is no subresource",
    steps: [
      post(201, VMIS, vmi("one")),
      get(404, `${VMIS}/one/status`, { statusOnly: "plain text" }),
    ],
  },
];
