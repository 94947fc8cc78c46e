/**
 * The main job on this machine alone, with a real guest: `denovirt-node run` of a sample, a command typed at the guest's prompt,
 * and everything taken away again.
 *
 *   deno run --allow-all tests/demo/standalone.ts
 */
import { dirname } from "node:path";
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { prepareMachine } from "../toolchain/prepare.ts";
import { say } from "../toolchain/progress.ts";
import { COMMAND, PROMPT } from "./ask_guest.ts";
import { bold, Stages } from "./stages.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const MANIFEST = "deploy/samples/vm_kernel.yaml";

/** What the guest showed, and what was typed there. */
const CONTROL = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[a-zA-Z]`, "g");
const TYPED = new RegExp(`${PROMPT.source}[^\\n]*echo [^\\n]+\\n(I am [^\\r\\n]+)`);

interface Built {
  native: string;
  images: string;
}

/**
 * Cargo first: what it compiles takes longest, and the rest is installed and built beside it. Says what it does.
 */
async function prepare(): Promise<Built> {
  await prepareMachine({ purposes: ["building native code"], compilers: ["cargo"] });
  const [native, image] = await Promise.all([nativeDirectory(), prepareGuest()]);
  return { native, images: dirname(image) };
}

async function prepareGuest(): Promise<string> {
  const purposes = [
    "running guests",
    "fetching images without a cluster",
    "building a guest of a kernel",
  ] as const;
  await prepareMachine({ purposes, compilers: [] });
  return await kernelGuestImage();
}

/** The product, from source. What the guest writes is shown as it comes. Resolves with its prompt and its answer. */
async function run({ native, images }: Built): Promise<string> {
  const flags = [`--images=${images}`, `--native-directory=${native}`];
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-all", "src/node.ts"],
      ...["run", ...flags, MANIFEST],
    ],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const typing = child.stdin.getWriter();
  await typing.write(new TextEncoder().encode(`${COMMAND}\n`));
  await typing.close();
  const decoder = new TextDecoder();
  let seen = "";
  for await (const bytes of child.stdout) {
    Deno.stderr.writeSync(bytes);
    seen += decoder.decode(bytes, { stream: true });
  }
  const { code } = await child.status;
  if (code !== 0) throw new Error(`Cannot show a guest: denovirt-node run ended with code ${code}`);
  const shown = TYPED.exec(seen);
  if (shown === null) throw new Error("Cannot show a guest: it did not answer");
  return shown[0].replaceAll(CONTROL, "").replaceAll("\r", "");
}

async function main(): Promise<void> {
  const stages = new Stages();
  const built = await stages.run(
    "install and build what is missing",
    prepare,
    "told by the work",
  );
  const answer = await stages.run(
    `denovirt-node run ${MANIFEST}`,
    () => run(built),
    "told by the work",
  );
  say(bold("\nHow long each stage took"));
  say(stages.table());
  say(bold("\nThe guest's prompt, and its answer"));
  Deno.stdout.writeSync(new TextEncoder().encode(`${answer}\n`));
}

await main();
