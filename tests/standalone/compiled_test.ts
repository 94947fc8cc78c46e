import assert from "node:assert/strict";
import { compilePrograms } from "../../deploy/binaries/compile_programs.ts";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { compileRuntime } from "../toolchain/build_compile_runtime.ts";
import { StandaloneDirectory, StandaloneProcess } from "./standalone_process.ts";

Deno.test({
  name:
    "denovirt-node standalone, compiled, starts again on what it left, or says why its runtime cannot serve",
  ignore: whyNoNativeParts() !== undefined,
  async fn() {
    await using own = await StandaloneDirectory.make();
    const directory = own.path;
    const nativeDirectory = nativeParts();
    const runtime = await compileRuntime();
    const bin = `${directory}/bin`;
    await Deno.mkdir(bin);
    const programs = await compilePrograms({
      directory: bin,
      nativeDirectory,
      runtime,
    });
    const program = [programs.node];
    for (let start = 0; start < 2; start++) {
      await using standalone = await StandaloneProcess.start({
        directory,
        nativeDirectory,
        images: [],
        program,
      });
      if (programs.complete) {
        using api = await standalone.api();
        assert.equal((await api.request("GET", "/api/v1/namespaces")).status, 200);
        assert.equal(await standalone.stop(), 0);
      } else {
        assert.equal(await standalone.ended(), 1);
        assert.match(standalone.log(), /Cannot tell callers apart with Deno \d/);
      }
    }
  },
});
