/** `denovirt-controller explain` as a program, on a real API server. */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_POOLS } from "../../src/api/registry.ts";
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { pool } from "../../src/resources/testing/builders.ts";
import { installCrds } from "./install_crds.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

async function explain(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "src/controller.ts", "explain", ...args],
    cwd: ROOT,
    env: { KUBECONFIG: TEST_KUBECONFIG ?? "" },
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test({
  name: `explain: says what would be done about an object, and does nothing${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  fn: async () => {
    await using server = await openRealServer();
    const { client, namespace } = server;
    await installCrds(client);
    const { apiVersion, kind, metadata: { name }, spec } = pool({});
    const made = await client.create(
      VIRTUAL_MACHINE_POOLS,
      { apiVersion, kind, metadata: { name }, spec },
      { namespace },
    );
    const shown = await explain("vmpool", `${namespace}/${name}`);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /create_revision[^]*create_vm[^]*Created VM .*web-0/);
    const json = await explain("VirtualMachinePool", `${namespace}/${name}`, "-o", "json");
    const { world, decision } = JSON.parse(json.stdout);
    assert.equal(world.pool.metadata.uid, made.metadata.uid);
    assert.equal(decision.actions.length, 3);
    assert.deepEqual(await client.get(VIRTUAL_MACHINE_POOLS, { namespace, name }), made);
    const missing = await explain("vm", `${namespace}/nobody`);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /nobody: it does not exist/);
  },
});
