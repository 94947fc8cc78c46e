/**
 * Writes the product's images as archives that `docker load` and `ctr images import` read:
 *
 *   deno run --allow-all deploy/images/write_images.ts [--compiled] [DIRECTORY]     (dist/images)
 *
 * --compiled makes them of compiled programs, as `deno task build` does, instead of Deno and bundles of the sources.
 */
import { compileRuntime } from "../../tests/toolchain/build_compile_runtime.ts";
import { nativeDirectory } from "../../tests/toolchain/build_native.ts";
import { compilePrograms } from "../binaries/compile_programs.ts";
import { writeProductImages } from "./product_images.ts";

const DEFAULT_DIRECTORY = new URL("../../dist/images", import.meta.url).pathname;

async function write(directory: string, compiled: boolean): Promise<string[]> {
  const native = await nativeDirectory();
  if (!compiled) return await writeProductImages({ directory, nativeDirectory: native });
  const work = await Deno.makeTempDir({ prefix: "denovirt-programs-" });
  try {
    const runtime = await compileRuntime();
    const options = { directory: work, nativeDirectory: native, runtime };
    const programs = await compilePrograms(options);
    return await writeProductImages({ directory, nativeDirectory: native, programs });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

const directory = Deno.args.find((arg) => !arg.startsWith("-")) ?? DEFAULT_DIRECTORY;
await Deno.mkdir(directory, { recursive: true });
const paths = await write(directory, Deno.args.includes("--compiled"));
Deno.stdout.writeSync(new TextEncoder().encode(`${paths.join("\n")}\n`));
