/** `kubectl` as it is, against the embedded API server: a table of commands and what they are to print. */
import assert from "node:assert/strict";
import type { Connection } from "../../src/kube/connection.ts";
import { TEST_TOKENS } from "../../src/standalone/apiserver/testing/server_bed.ts";
import { openEmbedded } from "./api_suite/embedded_subject.ts";

const VM = JSON.stringify({
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  metadata: { name: "v" },
  spec: { runStrategy: "Halted", template: { spec: { domain: { devices: {} } } } },
});

/** In order. `{vm}` is the file of the VM above. */
const COMMANDS: readonly [command: string, prints: RegExp][] = [
  ["apply -f {vm}", /virtualmachine.kubevirt.io\/v created/],
  ["apply -f {vm}", /virtualmachine.kubevirt.io\/v unchanged/],
  ["apply --server-side --field-manager=two -f {vm}", /serverside-applied/],
  ["get vm -o wide", /^NAME +AGE +STATUS +READY\s+v /],
  ["get vm v -o yaml", /runStrategy: Halted/],
  ["get vm v -o jsonpath={.spec.runStrategy}", /^Halted$/],
  ["label vm v tier=web", /labeled/],
  ["get vm -l tier=web -o name", /^virtualmachine.kubevirt.io\/v$/m],
  [`patch vm v --type=merge -p {"spec":{"runStrategy":"Manual"}}`, /patched/],
  ["edit vm v", /edited/],
  ["wait --for=jsonpath={.spec.runStrategy}=Halted vm/v --timeout=20s", /condition met/],
  ["explain vm.spec.runStrategy", /FIELD: runStrategy/],
  ["explain pod.spec.nodeName", /FIELD: nodeName/],
  ["api-resources --api-group=kubevirt.io", /virtualmachines +vm,vms +kubevirt.io\/v1/],
  ["auth can-i delete vm", /^yes$/m],
  ["create configmap c --from-literal=a=b", /configmap\/c created/],
  ["get cm c -o jsonpath={.data.a}", /^b$/],
  ["create secret generic s --from-literal=a=b", /secret\/s created/],
  ["get ns", /default +Active/],
  ["run p --image=registry.example/p:1 --restart=Never", /pod\/p created/],
  ["get pod -o wide", /p +0\/1 +Pending +0/],
  ["delete pod p", /deleted/],
  ["delete vm v --cascade=foreground", /deleted/],
  ["get vm", /No resources found/],
  ["create ns gone", /created/],
  ["delete ns gone", /deleted/],
];

const HAS_KUBECTL = await runs(["version", "--client"]);
const COMMAND_TIMEOUT_MS = 60_000;

Deno.test({
  name: `kubectl works against the embedded server${HAS_KUBECTL ? "" : " (skipped: no kubectl)"}`,
  ignore: !HAS_KUBECTL,
  async fn() {
    await using subject = await openEmbedded();
    const directory = await Deno.makeTempDir({ prefix: "kubectl-" });
    try {
      const kubeconfig = `${directory}/kubeconfig`;
      await Deno.writeTextFile(kubeconfig, await kubeconfigOf(subject.connection));
      await Deno.writeTextFile(`${directory}/vm.json`, VM);
      for (const [command, prints] of COMMANDS) {
        const args = command.replace("{vm}", `${directory}/vm.json`).split(" ");
        const { stdout, stderr } = await new Deno.Command("kubectl", {
          args: ["--kubeconfig", kubeconfig, "--cache-dir", `${directory}/cache`, ...args],
          env: { KUBE_EDITOR: "sed -i s/Manual/Halted/" },
          stdin: "null",
          signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
        }).output();
        const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        assert.match(printed, prints, `kubectl ${command}`);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

async function kubeconfigOf({ server, caCerts, authorization }: Connection): Promise<string> {
  const header = await authorization?.() ?? `Bearer ${TEST_TOKENS.admin}`;
  const cluster = { server, "certificate-authority-data": btoa(caCerts.join("\n")) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "embedded",
    contexts: [{ name: "embedded", context: { cluster: "embedded", user: "admin" } }],
    clusters: [{ name: "embedded", cluster }],
    users: [{ name: "admin", user: { token: header.replace("Bearer ", "") } }],
  });
}

async function runs(args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command("kubectl", { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
