/**
 * `kubectl` as it is, that of Kubernetes 1.32 and that of the tests' Kubernetes, against the embedded API server: a table of
 * commands and what they print. The real server is asked the same, so that the table is what Kubernetes does.
 */
import assert from "node:assert/strict";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { CommandLine, type Expectation } from "../runner/command_line.ts";
import { Printed } from "../runner/printed.ts";
import { olderKubectl } from "../toolchain/build_kubectl.ts";
import { kubernetesDirectory } from "../toolchain/build_kubernetes.ts";
import { openEmbedded } from "./api_suite/embedded_subject.ts";
import { kubeconfigText } from "./controller_installation.ts";
import { installAllCrds } from "./install_crds.ts";

const VM = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  metadata: { name: "v" },
  spec: { runStrategy: "Halted", template: { spec: { domain: { devices: {} } } } },
};
const CONFIG_MAP = (data: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "owned" },
  data,
});

/** By the name that commands have for them. */
const FILES: Readonly<Record<string, unknown>> = {
  vm: VM,
  manual: { ...VM, spec: { ...VM.spec, runStrategy: "Manual" } },
  misspelt: { ...VM, metadata: { name: "misspelt" }, spec: { ...VM.spec, runStratgy: "Halted" } },
  two: { apiVersion: "v1", kind: "List", items: [CONFIG_MAP({ a: "1" }), VM] },
  first: CONFIG_MAP({ a: "1" }),
  second: CONFIG_MAP({ a: "2" }),
  rs: {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceReplicaSet",
    metadata: { name: "r" },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: "r" } },
      template: { metadata: { labels: { app: "r" } }, spec: { domain: { devices: {} } } },
    },
  },
};

/** In order. `{vm}` is the file of that name above. */
const COMMANDS: readonly Expectation[] = [
  // create and apply
  ["create -f {vm}", /^virtualmachine.kubevirt.io\/v created$/m],
  ["create -f {vm}", /Error from server \(AlreadyExists\): .*"v" already exists/],
  ["delete -f {vm}", /virtualmachine.kubevirt.io "v" deleted/],
  ["apply -f {misspelt}", /strict decoding error: unknown field "spec.runStratgy"/],
  ["apply -f {vm} --dry-run=server", /^virtualmachine.kubevirt.io\/v created \(server dry run\)$/m],
  ["diff -f {vm}", /^\+ +runStrategy: Halted$/m],
  ["apply -f {vm}", /^virtualmachine.kubevirt.io\/v created$/m],
  ["apply -f {vm}", /^virtualmachine.kubevirt.io\/v unchanged$/m],
  ["diff -f {vm}", /^$/],
  ["apply -f {manual}", /^virtualmachine.kubevirt.io\/v configured$/m],
  ["apply view-last-applied vm v", /runStrategy: Manual/],
  ["apply -f {vm}", /^virtualmachine.kubevirt.io\/v configured$/m],
  ["replace -f {manual}", /^virtualmachine.kubevirt.io\/v replaced$/m],
  ["apply -f {vm}", /^virtualmachine.kubevirt.io\/v configured$/m],
  // server-side apply
  ["apply --server-side --field-manager=one -f {first}", /configmap\/owned serverside-applied/],
  ["apply --server-side --field-manager=one -f {first}", /configmap\/owned serverside-applied/],
  [
    "apply --server-side --field-manager=two -f {second}",
    /Apply failed with 1 conflict: conflict with "one": \.data\.a/,
  ],
  ["get cm owned -o jsonpath={.data.a}", /^1$/],
  [
    "apply --server-side --field-manager=two --force-conflicts -f {second}",
    /configmap\/owned serverside-applied/,
  ],
  ["get cm owned -o jsonpath={.data.a}", /^2$/],
  [
    "get cm owned --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}",
    /^two$/,
  ],
  ["delete -f {two} --dry-run=server", /"owned" deleted .*\(server dry run\)/],
  // get
  ["get vm", /^NAME +AGE +STATUS +READY\s+v /],
  ["get vm -o wide", /^NAME +AGE +STATUS +READY\s+v /],
  ["get vm v --no-headers", /^v /],
  [
    "get vm v -o yaml",
    /^apiVersion: kubevirt.io\/v1$[^]*^kind: VirtualMachine$[^]*runStrategy: Halted/m,
  ],
  ["get vm v -o json", /"runStrategy": "Halted"/],
  ["get vm v -o jsonpath={.spec.runStrategy}", /^Halted$/],
  ["get vm -o jsonpath={.items[*].metadata.name}", /^v$/],
  ["get vm -o custom-columns=N:.metadata.name,R:.spec.runStrategy", /^N +R\nv +Halted$/m],
  ["get vm -o go-template={{range.items}}{{.metadata.name}}{{end}}", /^v$/],
  ["get vm,cm -o name", /^virtualmachine.kubevirt.io\/v\n[^]*configmap\/owned$/m],
  ["get vm --sort-by=.metadata.name --show-labels", /LABELS\s+v .*<none>/],
  ["get vm nobody", /Error from server \(NotFound\): .* "nobody" not found/],
  ["get vm nobody --ignore-not-found", /^$/],
  ["get nothing", /the server doesn't have a resource type "nothing"/],
  ["get vm --field-selector=metadata.name=v -o name", /^virtualmachine.kubevirt.io\/v$/m],
  ["get vm --field-selector=spec.x=1", /field label not supported: spec\.x/],
  ["get --raw /apis/kubevirt.io/v1", /"kind":"APIResourceList"/],
  ["get cm --chunk-size=1 -o name", /configmap\/owned/],
  ["describe vm v", /^Name: +v\n[^]*Run Strategy: +Halted/m],
  ["describe cm owned", /^Name: +owned\n[^]*Data\n====/m],
  // label, annotate, patch, edit
  ["label vm v tier=web", /virtualmachine.kubevirt.io\/v labeled/],
  ["label vm v tier=db", /'tier' already has a value \(web\), and --overwrite is false/],
  ["label vm v tier=db --overwrite", /labeled/],
  ["get vm -l tier=db -o name", /^virtualmachine.kubevirt.io\/v$/m],
  ["get vm -l tier!=db", /No resources found/],
  ["get vm -L tier", /TIER\s+v .*db/],
  ["label vm v tier-", /unlabeled/],
  ["annotate vm v note='a b'", /annotated/],
  [`patch vm v --type=merge -p {"spec":{"runStrategy":"Manual"}}`, /v patched$/m],
  [`patch vm v --type=merge -p {"spec":{"runStrategy":"Manual"}}`, /v patched \(no change\)/],
  [
    `patch vm v --type=json -p [{"op":"replace","path":"/spec/runStrategy","value":"Halted"}]`,
    /v patched$/m,
  ],
  [
    `patch vm v --type=json -p [{"op":"test","path":"/spec/runStrategy","value":"Manual"}]`,
    /the server rejected our request/,
  ],
  [`patch vm v -p {"spec":{"runStrategy":"Manual"}}`, /UnsupportedMediaType|not supported/],
  [`patch cm owned -p {"data":{"b":"3"}}`, /configmap\/owned patched/],
  [
    `patch vm v --subresource=status --type=merge -p {"status":{"printableStatus":"Stopped"}}`,
    /patched/,
  ],
  ["get vm v --subresource=status -o jsonpath={.status.printableStatus}", /^Stopped$/],
  [`patch vm v --type=merge -p {"spec":{"runStrategy":"Manual"}}`, /patched/],
  ["edit vm v", /virtualmachine.kubevirt.io\/v edited/],
  ["edit vm v", /Edit cancelled, no changes made/],
  ["get vm v -o jsonpath={.spec.runStrategy}", /^Halted$/],
  // wait
  ["wait --for=jsonpath={.spec.runStrategy}=Halted vm/v --timeout=20s", /condition met/],
  ["wait --for=condition=Ready vm/v --timeout=1s", /timed out waiting for the condition/],
  ["wait --for=create cm/owned --timeout=20s", /condition met/],
  // explain and discovery
  ["explain vm.spec.runStrategy", /KIND: +VirtualMachine[^]*FIELD: runStrategy <string>/],
  ["explain vm.spec.template.spec.domain --recursive", /devices\t/],
  ["explain pod.spec.nodeName", /FIELD: nodeName <string>/],
  ["explain vm.spec.nothing", /field "nothing" does not exist/],
  ["api-resources --api-group=kubevirt.io", /virtualmachines +vm,vms +kubevirt.io\/v1 +true/],
  ["api-resources --namespaced=false -o name", /^namespaces$/m],
  ["api-resources --verbs=list,watch --cached -o name", /^virtualmachines.kubevirt.io$/m],
  ["api-versions", /^kubevirt.io\/v1$/m],
  ["version", /^Server Version: v1\.34/m],
  ["cluster-info", /Kubernetes control plane is running at https:/],
  // auth
  ["auth can-i delete vm", /^yes$/m],
  ["auth can-i '*' '*' --all-namespaces", /^yes$/m],
  ["auth can-i --list", /Resources +Non-Resource URLs[^]*\*\.\* /],
  ["auth whoami", /^Username +\S+/m],
  // create of core kinds, which kubectl sends as protobuf
  ["create configmap c --from-literal=a=b", /configmap\/c created/],
  ["get cm c -o jsonpath={.data.a}", /^b$/],
  ["create secret generic s --from-literal=a=b", /secret\/s created/],
  ["get secret s", /^NAME +TYPE +DATA +AGE\ns +Opaque +1 /m],
  [
    "create secret docker-registry d --docker-server=r --docker-username=u --docker-password=p",
    /d created/,
  ],
  ["create serviceaccount sa", /serviceaccount\/sa created/],
  ["create service clusterip cip --tcp=80:8080", /service\/cip created/],
  ["create service nodeport np --tcp=22", /service\/np created/],
  ["create service externalname en --external-name=example.org", /service\/en created/],
  [
    "get service",
    /cip +ClusterIP +\d[0-9.]+ +<none> +80\/TCP[^]*np +NodePort +\d[0-9.]+ +<none> +22:3\d+\/TCP/,
  ],
  ["get service en -o jsonpath={.spec.externalName}", /^example.org$/],
  ["create quota q --hard=pods=2", /resourcequota\/q created/],
  ["run p --image=registry.example/p:1 --restart=Never", /pod\/p created/],
  ["expose pod p --port=80 --name=p", /service\/p exposed/],
  [
    "get pod p -o wide",
    /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\np +0\/1 +Pending +0 /,
  ],
  ["delete pod p --now", /pod "p" deleted/],
  ["get events", /LAST SEEN|No resources found/],
  // scale
  ["create -f {rs}", /r created/],
  ["scale vmirs r --replicas=2", /scaled/],
  ["scale vmirs r --replicas=3 --current-replicas=1", /[Ee]xpected replicas to be 1, was 2/],
  ["get vmirs r -o jsonpath={.spec.replicas}", /^2$/],
  ["delete vmirs r", /deleted/],
  // delete
  ["delete vm v --cascade=orphan", /"v" deleted/],
  ["apply -f {vm}", /created/],
  ["delete vm v --cascade=background --wait=false", /"v" deleted/],
  ["wait --for=delete vm/v --timeout=20s", /^$|condition met/],
  ["apply -f {vm}", /created/],
  ["delete vm v --cascade=foreground", /"v" deleted/],
  ["delete vm v", /not found/],
  ["delete vm v --ignore-not-found", /^$/],
  ["delete cm -l nobody=here", /No resources found/],
  ["delete service,secret --all", /"cip" deleted[^]*"s" deleted/],
  ["get vm", /No resources found/],
];

const TIMEOUT_MS = 60_000;

const recipeKubectl = async () => `${await kubernetesDirectory()}/kubectl`;

for (
  const [name, program] of [
    ["kubectl 1.32", olderKubectl],
    ["kubectl of the tests' Kubernetes", recipeKubectl],
  ] as const
) {
  Deno.test({
    name: `${name} works against the embedded API server${SKIP_NOTE}`,
    ignore: TEST_KUBECONFIG === undefined, // as all that takes Kubernetes' own programs
    async fn() {
      await using subject = await openEmbedded();
      await testKubectl(await program(), await kubeconfigText(subject.connection));
    },
  });
}

Deno.test({
  name: `kubectl prints on a real API server what is expected of the embedded one${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  async fn() {
    const connection = await kubeconfigConnection(TEST_KUBECONFIG ?? "");
    using client = new FetchClient({ connection, userAgent: "denovirt-test/0" });
    await installAllCrds(client);
    await testKubectl(await olderKubectl(), await Deno.readTextFile(TEST_KUBECONFIG ?? ""));
  },
});

async function testKubectl(program: string, kubeconfig: string): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "kubectl-" });
  try {
    await Deno.writeTextFile(`${directory}/kubeconfig`, kubeconfig);
    for (const [name, object] of Object.entries(FILES)) {
      await Deno.writeTextFile(`${directory}/${name}.json`, JSON.stringify(object));
    }
    const namespace = `kubectl-${crypto.randomUUID().slice(0, 8)}`;
    const kubectl = new CommandLine({
      program,
      flags: [
        `--kubeconfig=${directory}/kubeconfig`,
        `--namespace=${namespace}`,
        `--cache-dir=${directory}/cache`,
      ],
      env: { KUBE_EDITOR: "sed -i s/Manual/Halted/" },
      directory,
    });
    assert.match(await kubectl.run(`create ns ${namespace}`), /created/);
    await untilAccountIsThere(kubectl);
    const mistakes = await kubectl.mistakes(COMMANDS);
    assert.deepEqual([...mistakes, ...await watched(kubectl)], []);
    assert.match(await kubectl.run(`delete ns ${namespace}`), /deleted/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A real server refuses pods until its controllers have made it; here nobody needs it. */
async function untilAccountIsThere(kubectl: CommandLine): Promise<void> {
  await kubectl.run("create serviceaccount default");
  await waitUntil({
    what: "the default service account",
    timeoutMs: TIMEOUT_MS,
    look: () => kubectl.run("get serviceaccount default -o name"),
    until: (printed) => printed.includes("serviceaccount/default"),
  });
}

/** `--watch` shows a change while it goes on. */
async function watched(kubectl: CommandLine): Promise<string[]> {
  const stop = new AbortController();
  const watch = kubectl.spawn("get cm owned --watch --output-watch-events", stop.signal);
  const printed = new Printed(watch.stdout);
  try {
    await printed.until("what is there", /ADDED +owned/, TIMEOUT_MS);
    await kubectl.run("annotate cm owned seen=yes");
    await printed.until("the change", /MODIFIED +owned/, TIMEOUT_MS);
    await kubectl.run("delete cm owned");
    await printed.until("the end", /DELETED +owned/, TIMEOUT_MS);
    return [];
  } catch (error) {
    return [`get --watch: ${error}`];
  } finally {
    stop.abort();
    await Promise.all([watch.status, printed.ended, watch.stderr.cancel()]);
  }
}
