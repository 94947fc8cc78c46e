/** What POST to a collection does. */
import { type ApiCase, get, post } from "./api_case.ts";
import {
  CLUSTER_INSTANCETYPES,
  CONFIG_MAPS,
  configMap,
  instancetype,
  pod,
  PODS,
  vm,
  vmi,
  VMIS,
  VMS,
} from "./objects.ts";

const UNKNOWN_FIELD = { ...configMap("odd"), colour: "red" };
const UNKNOWN_VM_FIELD = vm("odd", { spec: { colour: "red" } });

export const CREATION_CASES: readonly ApiCase[] = [
  {
    name: "create: a named object is answered as stored",
    steps: [
      post(201, CONFIG_MAPS, configMap("one", { data: { a: "1" } })),
      get(200, `${CONFIG_MAPS}/one`),
    ],
  },
  {
    name: "create: a custom object is answered as stored, with generation 1",
    steps: [post(201, VMS, vm("one")), get(200, `${VMS}/one`)],
  },
  {
    name: "create: an object without a namespace of its own",
    steps: [post(201, CLUSTER_INSTANCETYPES, instancetype("{ns}-one"))],
  },
  {
    name: "create: the kind may be left out of core objects",
    steps: [post(201, CONFIG_MAPS, { metadata: { name: "bare" } })],
  },
  {
    name: "create: generateName makes a name",
    steps: [post(201, CONFIG_MAPS, { metadata: { generateName: "made-" } })],
  },
  {
    name: "create: generateName makes a name for custom objects",
    steps: [post(201, VMS, {
      ...vm("unused"),
      metadata: { generateName: "made-" },
    })],
  },
  {
    name: "create: without a name",
    steps: [post(422, CONFIG_MAPS, { metadata: {} })],
  },
  {
    name: "create: a custom object without a name",
    steps: [post(422, VMS, { ...vm("unused"), metadata: {} })],
  },
  {
    name: "create: a name that is taken",
    steps: [post(201, CONFIG_MAPS, configMap("one")), post(409, CONFIG_MAPS, configMap("one"))],
  },
  {
    name: "create: a custom object whose name is taken",
    steps: [post(201, VMS, vm("one")), post(409, VMS, vm("one"))],
  },
  {
    name: "create: a name that is no DNS name",
    steps: [post(422, CONFIG_MAPS, configMap("Not A Name"))],
  },
  {
    name: "create: a custom object with a name that is no DNS name",
    steps: [post(422, VMS, vm("Not_A_Name"))],
  },
  {
    name: "create: a namespace other than the path's",
    steps: [post(400, CONFIG_MAPS, configMap("one", { metadata: { namespace: "elsewhere" } }))],
  },
  {
    name: "create: in a namespace that is not there",
    steps: [
      post(404, "/api/v1/namespaces/{ns}-missing/configmaps", configMap("one")),
      post(404, "/apis/kubevirt.io/v1/namespaces/{ns}-missing/virtualmachines", vm("one")),
    ],
  },
  {
    name: "create: of another kind than the path's",
    steps: [post(400, CONFIG_MAPS, pod("one")), post(422, VMS, vmi("one"))],
  },
  {
    name: "create: of another version than the path's",
    steps: [post(400, VMS, { ...vm("one"), apiVersion: "kubevirt.io/v9" })],
  },
  {
    name: "create: without a body",
    steps: [post(400, CONFIG_MAPS, "", { contentType: "application/json" })],
  },
  {
    name: "create: a custom object without a kind",
    steps: [post(400, VMS, { metadata: { name: "one" } })],
  },
  {
    name: "create: text that is no JSON",
    steps: [
      post(400, CONFIG_MAPS, "{", { statusOnly: "the text comes from Go's JSON reader" }),
    ],
  },
  {
    name: "create: an unknown media type",
    steps: [post(415, CONFIG_MAPS, "a=b", { contentType: "application/x-www-form-urlencoded" })],
  },
  {
    name: "create: YAML",
    steps: [
      post(201, CONFIG_MAPS, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\n", {
        contentType: "application/yaml",
      }),
    ],
  },
  {
    name: "create: a resourceVersion is refused",
    steps: [post(500, CONFIG_MAPS, configMap("one", { metadata: { resourceVersion: "1" } }))],
  },
  {
    name: "create: what the server sets is not taken from the body",
    steps: [
      post(
        201,
        CONFIG_MAPS,
        configMap("one", {
          metadata: {
            uid: "11111111-1111-1111-1111-111111111111",
            generation: 7,
            creationTimestamp: "2001-01-01T00:00:00Z",
          },
        }),
      ),
      post(
        201,
        VMS,
        vm("one", {
          metadata: {
            uid: "11111111-1111-1111-1111-111111111111",
            generation: 7,
            creationTimestamp: "2001-01-01T00:00:00Z",
            deletionTimestamp: "2001-01-01T00:00:00Z",
          },
        }),
      ),
    ],
  },
  {
    name: "create: a status is dropped where status is a subresource",
    steps: [post(201, VMS, vm("one", { status: { created: true } }))],
  },
  {
    name: "create: a status is kept where it is none",
    steps: [post(201, VMIS, vmi("one", { status: { phase: "Pending" } }))],
  },
  {
    name: "create: dry run stores nothing",
    steps: [
      post(201, `${CONFIG_MAPS}?dryRun=All`, configMap("one")),
      get(404, `${CONFIG_MAPS}/one`),
      post(201, `${VMS}?dryRun=All`, vm("one")),
      get(404, `${VMS}/one`),
    ],
  },
  {
    name: "create: an unknown dry run",
    steps: [post(422, `${CONFIG_MAPS}?dryRun=Some`, configMap("one"))],
  },
  {
    name: "create: unknown fields are ignored",
    steps: [
      post(201, `${CONFIG_MAPS}?fieldValidation=Ignore`, UNKNOWN_FIELD),
      post(201, `${VMS}?fieldValidation=Ignore`, UNKNOWN_VM_FIELD),
    ],
  },
  {
    name: "create: unknown fields are refused when asked",
    steps: [
      post(400, `${CONFIG_MAPS}?fieldValidation=Strict`, UNKNOWN_FIELD),
      post(400, `${VMS}?fieldValidation=Strict`, UNKNOWN_VM_FIELD),
    ],
  },
  {
    name: "create: fields given twice are refused when asked",
    steps: [
      post(
        400,
        `${CONFIG_MAPS}?fieldValidation=Strict`,
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}',
      ),
    ],
  },
  {
    name: "create: an unknown field validation",
    steps: [post(422, `${CONFIG_MAPS}?fieldValidation=Perhaps`, configMap("one"))],
  },
  {
    name: "create: the field manager is recorded",
    steps: [
      post(201, `${CONFIG_MAPS}?fieldManager=mine`, configMap("one", { data: { a: "1" } })),
      post(201, `${VMS}?fieldManager=mine`, vm("one")),
    ],
  },
  {
    name: "create: a field manager that is too long",
    steps: [post(422, `${CONFIG_MAPS}?fieldManager=${"m".repeat(129)}`, configMap("one"))],
  },
  {
    name: "create: labels that are no labels",
    steps: [
      post(422, CONFIG_MAPS, configMap("one", { metadata: { labels: { "a b": "c d" } } })),
      post(422, VMS, vm("one", { metadata: { labels: { "a b": "c d" } } })),
    ],
  },
  {
    name: "create: annotations whose keys are none",
    steps: [post(422, CONFIG_MAPS, configMap("one", { metadata: { annotations: { "/": "x" } } }))],
  },
  {
    name: "create: a finalizer without a domain",
    steps: [post(201, VMS, vm("one", { metadata: { finalizers: ["example.org/a"] } }))],
  },
  {
    name: "create: an owner without a UID",
    steps: [
      post(
        422,
        CONFIG_MAPS,
        configMap("one", {
          metadata: { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "x" }] },
        }),
      ),
    ],
  },
  {
    name: "create: two owners that control",
    steps: [
      post(
        422,
        CONFIG_MAPS,
        configMap("one", {
          metadata: {
            ownerReferences: ["a", "b"].map((name) => ({
              apiVersion: "v1",
              kind: "ConfigMap",
              name,
              uid: `${name}1111111-1111-1111-1111-111111111111`,
              controller: true,
            })),
          },
        }),
      ),
    ],
  },
  {
    name: "create: a number where a string belongs",
    steps: [
      post(400, CONFIG_MAPS, configMap("one", { data: { a: 1 } }), {
        statusOnly: "the text comes from Go's JSON reader",
      }),
    ],
  },
  {
    name: "create: metadata of the wrong type",
    steps: [
      post(400, CONFIG_MAPS, { metadata: "x" }, {
        statusOnly: "the text comes from Go's JSON reader",
      }),
    ],
  },
  {
    name: "create: null members are left out",
    steps: [
      post(201, PODS, pod("one", { metadata: { creationTimestamp: null, labels: null } })),
      post(201, VMS, vm("one", { metadata: { creationTimestamp: null, labels: null } })),
    ],
  },
  {
    name: "create: at the path of an object",
    steps: [post(405, `${CONFIG_MAPS}/one`, configMap("one"))],
  },
];
