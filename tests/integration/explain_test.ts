/** `denovirt-controller explain` as a program, on API servers where nobody acts. */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_POOLS } from "../../src/api/registry.ts";
import { pool } from "../../src/resources/testing/builders.ts";
import { STAGES, type StageUnderTest } from "./stages.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

async function explain(kubeconfigPath: string, ...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "src/controller.ts", "explain", ...args],
    cwd: ROOT,
    env: { KUBECONFIG: kubeconfigPath },
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

for (const { where, ignore, open } of STAGES) {
  Deno.test({
    name: `explain: says what would be done about an object, and does nothing, ${where}`,
    ignore,
    fn: () => testExplain(open),
  });
}

async function testExplain(open: StageUnderTest["open"]): Promise<void> {
  await using server = await open();
  const { client, namespace, kubeconfigPath } = server;
  const { apiVersion, kind, metadata: { name }, spec } = pool({});
  const made = await client.create(
    VIRTUAL_MACHINE_POOLS,
    { apiVersion, kind, metadata: { name }, spec },
    { namespace },
  );
  const shown = await explain(kubeconfigPath, "vmpool", `${namespace}/${name}`);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /create_revision[^]*create_vm[^]*Created VM .*web-0/);
  const json = await explain(
    kubeconfigPath,
    "VirtualMachinePool",
    `${namespace}/${name}`,
    "-o",
    "json",
  );
  const { world, decision } = JSON.parse(json.stdout);
  assert.equal(world.pool.metadata.uid, made.metadata.uid);
  assert.equal(decision.actions.length, 3);
  assert.deepEqual(await client.get(VIRTUAL_MACHINE_POOLS, { namespace, name }), made);
  const missing = await explain(kubeconfigPath, "vm", `${namespace}/nobody`);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nobody: it does not exist/);
}
