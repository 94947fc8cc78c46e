/**
 * Writes the product's images as archives that `docker load` and `ctr images import` read:
 *
 *   deno run --allow-all deploy/images/write_images.ts [DIRECTORY]     (dist/images)
 */
import { nativeDirectory } from "../../tests/toolchain/build_native.ts";
import { writeProductImages } from "./product_images.ts";

const DEFAULT_DIRECTORY = new URL("../../dist/images", import.meta.url).pathname;

const directory = Deno.args[0] ?? DEFAULT_DIRECTORY;
await Deno.mkdir(directory, { recursive: true });
const paths = await writeProductImages({ directory, nativeDirectory: await nativeDirectory() });
Deno.stdout.writeSync(new TextEncoder().encode(`${paths.join("\n")}\n`));
