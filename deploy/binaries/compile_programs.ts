import { bundle } from "../images/bundle.ts";
import type { CompileRuntime } from "../../tests/toolchain/build_compile_runtime.ts";
import { runCommand } from "../../tests/toolchain/run_command.ts";

const SOURCES = new URL("../../src", import.meta.url).pathname;
export const NATIVE_PARTS: readonly string[] = ["libdenovirt.so", "denovirt-domain", "envelope"];
/** What the controller may do; it neither writes files nor starts programs. */
export const CONTROLLER_PERMISSIONS: readonly string[] = [
  "--allow-net",
  "--allow-env",
  "--allow-read",
  "--allow-sys",
];
const COMPILE = [
  "compile",
  "--quiet",
  "--no-check",
  "--no-config",
  "--no-lock",
  // It would be kept under a name that everybody knows in a directory that everybody writes: code for root to run.
  "--no-code-cache",
];

export interface CompileOptions {
  /** Where the programs go. */
  directory: string;
  /** Holds libdenovirt.so, denovirt-domain and envelope. */
  nativeDirectory: string;
  runtime: CompileRuntime;
}

/** Paths of the compiled programs. */
export interface Programs {
  controller: string;
  node: string;
  /** False: their runtime can do less, see {@link CompileRuntime}. */
  complete: boolean;
}

/** Makes denovirt-controller, and denovirt-node with the native parts inside. */
export async function compilePrograms(options: CompileOptions): Promise<Programs> {
  const { directory, nativeDirectory, runtime } = options;
  const work = await Deno.makeTempDir({ prefix: "denovirt-compile-" });
  const programs = {
    controller: `${directory}/denovirt-controller`,
    node: `${directory}/denovirt-node`,
    complete: runtime.complete,
  };
  try {
    const [controller] = await bundle(`${SOURCES}/controller.ts`, `${work}/controller`);
    await compile(options, CONTROLLER_PERMISSIONS, controller, programs.controller);
    const [node] = await bundle(`${SOURCES}/node.ts`, `${work}/node`);
    // Where src/node.ts looks for them: beside itself.
    const native = `${work}/node/native`;
    await Deno.mkdir(native);
    for (const name of NATIVE_PARTS) {
      await Deno.copyFile(`${nativeDirectory}/${name}`, `${native}/${name}`);
    }
    await compile(options, ["--allow-all", "--include", native], node, programs.node);
    return programs;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function compile(
  { runtime }: CompileOptions,
  flags: readonly string[],
  source: string,
  output: string,
): Promise<void> {
  // A running program cannot be written to; the new one takes its name.
  const partial = `${output}.partial`;
  await runCommand([runtime.deno, ...COMPILE, ...flags, "--output", partial, source], {
    env: { ...runtime.environment, DENO_NO_UPDATE_CHECK: "1" },
  });
  await runCommand([partial, "--version"]);
  await Deno.rename(partial, output);
}
