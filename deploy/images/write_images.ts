/** `deno task images`: writes dist/images/{controller,node,envelope}.tar, docker archives for any container tool. */
import { nativeDirectory } from "../../tests/toolchain/build_native.ts";
import { writeProductImages } from "./product_images.ts";

const DIRECTORY = new URL("../../dist/images", import.meta.url).pathname;

await Deno.mkdir(DIRECTORY, { recursive: true });
const paths = await writeProductImages({
  directory: DIRECTORY,
  nativeDirectory: await nativeDirectory(),
});
Deno.stdout.writeSync(new TextEncoder().encode(paths.map((path) => `${path}\n`).join("")));
