/** The documents as kubectl reads them, from a server that has nothing else. */
import assert from "node:assert/strict";
import { structuralSchema } from "../../../api/crd.ts";
import { VIRTUAL_MACHINES } from "../../../api/registry.ts";
import { VirtualMachine } from "../../../api/virtual_machine.ts";
import type { JsonObject } from "../../../kube/json.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../../kube/testing/real_server.ts";
import { type DescribedKind, documentPaths, openApiDocument, openApiIndex } from "./documents.ts";

const CORE: DescribedKind[] = [
  ["", "Pod", "pods"],
  ["", "Secret", "secrets"],
  ["", "Namespace", "namespaces"],
  ["coordination.k8s.io", "Lease", "leases"],
].map(([group = "", kind = "", plural = ""]) => ({
  group,
  version: "v1",
  kind,
  plural,
  namespaced: kind !== "Namespace",
  statusSubresource: kind === "Pod",
  custom: false,
}));

const VM: DescribedKind = {
  ...VIRTUAL_MACHINES,
  statusSubresource: true,
  custom: true,
  definition: structuralSchema(VirtualMachine) as NonNullable<DescribedKind["definition"]>,
};
const KINDS = [...CORE, VM];

Deno.test("openApiDocument() resolves every reference in itself", () => {
  for (const path of documentPaths(KINDS)) {
    const document = openApiDocument(path, KINDS)!;
    const { schemas } = document.components as { schemas: JsonObject };
    const text = JSON.stringify(document);
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      assert.ok(Object.hasOwn(schemas, name), `${path} refers to ${name}`);
    }
  }
});

Deno.test("openApiIndex() changes a hash with its document alone", () => {
  const index = openApiIndex(new Map([["api/v1", "{}"], ["apis/a/v1", "{}"]]));
  const other = openApiIndex(new Map([["api/v1", "{}"], ["apis/a/v1", "[]"]]));
  const paths = (each: JsonObject) => each.paths as Record<string, { serverRelativeURL: string }>;
  assert.deepEqual(paths(index)["api/v1"], paths(other)["api/v1"]);
  assert.notDeepEqual(paths(index)["apis/a/v1"], paths(other)["apis/a/v1"]);
  assert.match(
    paths(index)["api/v1"]!.serverRelativeURL,
    /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]+$/,
  );
});

const KUBECTL = hasKubectl();

function hasKubectl(): boolean {
  try {
    return new Deno.Command("kubectl", { args: ["version", "--client"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A server that answers discovery and the documents. */
function serveDocuments(): Deno.HttpServer<Deno.NetAddr> {
  const documents = new Map(
    documentPaths(KINDS).map((path) => [path, JSON.stringify(openApiDocument(path, KINDS))]),
  );
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const path = new URL(request.url).pathname.slice(1);
    const text = documents.get(path.replace(/^openapi\/v3\//, ""));
    if (path.startsWith("openapi/v3/") && text !== undefined) {
      return new Response(text, { headers: { "content-type": "application/json" } });
    }
    if (path === "openapi/v3") return Response.json(openApiIndex(documents));
    const body = discovery(path);
    return body === undefined ? new Response("", { status: 404 }) : Response.json(body);
  });
}

function discovery(path: string): JsonObject | undefined {
  if (path === "api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "apis") {
    const groups = documentPaths(KINDS).filter((each) => each !== "api/v1").map((each) => {
      const [, name = "", version = ""] = each.split("/");
      const preferredVersion = { groupVersion: `${name}/${version}`, version };
      return { name, versions: [preferredVersion], preferredVersion };
    });
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const kinds = KINDS.filter((kind) => documentPaths([kind])[0] === path);
  if (kinds.length === 0) return undefined;
  const resources = kinds.map(({ kind, plural, namespaced }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: ["create", "get", "list", "patch"],
    ...(kind === "VirtualMachine" && { shortNames: ["vm"] }),
  }));
  const groupVersion = path.replace(/^apis?\//, "");
  return { kind: "APIResourceList", groupVersion, resources };
}

async function kubectl(args: string[], input?: string): Promise<string> {
  const home = await Deno.makeTempDir();
  const process = new Deno.Command("kubectl", {
    args: ["--cache-dir", home, ...args],
    env: { HOME: home, KUBECONFIG: "" },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { success, stdout, stderr } = await process.output();
  await Deno.remove(home, { recursive: true });
  const text = new TextDecoder().decode(stdout);
  assert.ok(success, `kubectl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}${text}`);
  return text;
}

const EXPLAINED = [
  ["vm.spec", "--recursive"],
  ["vm.spec.template.spec.domain.devices.disks"],
  ["pod.spec.containers"],
  ["pods", "--recursive"],
  ["secret.data"],
  ["leases.spec"],
];

Deno.test({
  name: "openApiDocument() is what kubectl explain and kubectl create --validate need",
  ignore: !KUBECTL,
  async fn() {
    await using server = serveDocuments();
    const at = ["--server", `http://127.0.0.1:${server.addr.port}`];
    for (const args of EXPLAINED) {
      const text = await kubectl([...at, "explain", ...args]);
      assert.match(text, /^(GROUP: .*\n)?KIND: /, args.join(" "));
      if (args[0] === "vm.spec") assert.match(text, /\n {2}runStrategy\t<string>/);
    }
    const vm = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", metadata: { name: "a" } };
    const create = ["create", "--dry-run=client", "--validate=strict", "-o", "name", "-f", "-"];
    const made = await kubectl([...at, ...create], JSON.stringify(vm));
    assert.equal(made.trim(), "virtualmachine.kubevirt.io/a");
  },
});

Deno.test({
  name: `openApiDocument() explains core kinds as a real server does${SKIP_NOTE}`,
  ignore: !KUBECTL || TEST_KUBECONFIG === undefined,
  async fn() {
    await using server = serveDocuments();
    const at = ["--server", `http://127.0.0.1:${server.addr.port}`];
    for (const args of EXPLAINED.filter(([path]) => !path!.startsWith("vm"))) {
      const ours = await kubectl([...at, "explain", ...args]);
      const theirs = await kubectl(["--kubeconfig", TEST_KUBECONFIG!, "explain", ...args]);
      assert.equal(ours, theirs);
    }
  },
});
