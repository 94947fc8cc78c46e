import assert from "node:assert/strict";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { startController } from "../integration/controller_process.ts";
import { runCommand } from "../toolchain/run_command.ts";
import { type CompileRuntime, compileRuntime } from "../toolchain/build_compile_runtime.ts";
import { CompiledPrograms } from "./programs.ts";

const KUBECONFIG = Deno.env.get("DENOVIRT_TEST_KUBECONFIG");
const BYTES_MAX = 200e6;
const STARTS = 4;
const BASE = "/apis/subresources.kubevirt.io/v1";

let runtime: CompileRuntime | undefined;
let why = whyNoNativeParts() ?? (KUBECONFIG === undefined ? "needs a control plane" : undefined);
try {
  if (why === undefined) runtime = await compileRuntime();
} catch (error) {
  if (Deno.env.get("CI") === "true") throw error;
  why = `cannot compile: ${error instanceof Error ? error.message : error}`;
}

interface Probe {
  nativeDirectory: string;
  kvm: { present: boolean };
}

/** Runs `denovirt-node probe` in a mount namespace of its own, prepared by a line of shell, with a bare environment. */
async function probeIn(node: string, prepare: string, flags: string[] = []): Promise<Probe> {
  const script = `set -e; ${prepare}; exec env -i PATH=/usr/bin:/usr/sbin:/bin "$@"`;
  const command = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh"];
  return JSON.parse(await runCommand([...command, node, "probe", ...flags]));
}

Deno.test({
  name: `compiled programs${why === undefined ? "" : ` (skipped: ${why})`}`,
  ignore: why !== undefined,
  async fn(context) {
    assert.ok(runtime);
    using compiled = await CompiledPrograms.make({ nativeDirectory: nativeParts(), runtime });
    const { programs } = compiled;

    await context.step("both together are at most 200 MB", async () => {
      const sizes = await Promise.all([programs.controller, programs.node].map(async (path) => {
        return (await Deno.stat(path)).size;
      }));
      assert.ok(sizes.reduce((sum, size) => sum + size) <= BYTES_MAX, `${sizes}`);
    });

    await context.step(
      "the node agent needs neither a writable tmp nor one to execute from",
      async () => {
        const probe = await probeIn(
          programs.node,
          "mount -t tmpfs -o ro,noexec none /tmp; mount -t tmpfs none /run",
        );
        assert.match(probe.nativeDirectory, /^\/run\/denovirt\/bin-[0-9a-f]{16}$/);
        assert.equal(typeof probe.kvm.present, "boolean");
      },
    );

    await context.step("it goes elsewhere where /run is mounted noexec, as on Debian", async () => {
      const { nativeDirectory } = await probeIn(
        programs.node,
        "mount -t tmpfs -o ro,noexec none /tmp; mount -t tmpfs -o noexec none /run; " +
          "mount -t tmpfs none /var/lib",
      );
      assert.match(nativeDirectory, /^\/var\/lib\/denovirt\/bin-[0-9a-f]{16}$/);
    });

    await context.step("it says what is wrong where it can unpack nowhere", async () => {
      await assert.rejects(
        probeIn(
          programs.node,
          "mount -t tmpfs -o noexec none /run; mount -t tmpfs -o ro none /var/lib",
        ),
        /Cannot unpack the native parts: \/run\/denovirt is mounted noexec; \/var\/lib\/denovirt /,
      );
    });

    await context.step("starts at the same time share one directory", async () => {
      const flags = [`--run-directory=${compiled.directory}/run`];
      const start = () => probeIn(programs.node, "true", flags);
      const probes = await Promise.all(Array.from({ length: STARTS }, start));
      const directories = new Set(probes.map(({ nativeDirectory }) => nativeDirectory));
      assert.equal(directories.size, 1);
      const flagged = await probeIn(programs.node, "mount -t tmpfs -o ro none /run", [
        `--native-directory=${[...directories][0]}`,
      ]);
      assert.deepEqual([flagged.nativeDirectory], [...directories]);
    });

    await context.step("the controller serves callers only if it can verify them", async () => {
      const program = [programs.controller];
      if (!programs.complete) {
        await assert.rejects(
          startController(KUBECONFIG ?? "", { program }),
          /Cannot serve: the TLS stack must identify a caller by its certificate/,
        );
      }
      const flags = programs.complete ? [] : ["--unverifiable-callers=refuse"];
      await using controller = await startController(KUBECONFIG ?? "", { program, flags });
      const call = (path: string) => controller.admin.raw("PUT", path, { body: {} });
      const paused = call(`${BASE}/namespaces/default/virtualmachineinstances/none/pause`);
      if (programs.complete) await assert.rejects(paused, { code: 404 });
      else {
        await assert.rejects(paused, { code: 503 });
        assert.match(controller.log(), /callers are refused, only public paths are served/);
      }
    });
  },
});
