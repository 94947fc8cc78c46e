/**
 * What `deno compile` needs besides Deno is denort, the runtime that goes into the program, of exactly its version. It is
 * downloaded when first used; where it cannot be, an older Deno with its denort shows that the compiled programs work.
 */
import { cachedBuild } from "./cached_build.ts";
import { installPackages } from "./debian_packages.ts";
import { say } from "./progress.ts";
import { runCommand } from "./run_command.ts";

const SCRIPT = new URL("./compile_runtime/get_denort.sh", import.meta.url).pathname;
const TRIAL_TIMEOUT_MS = 120_000;
const PIPS: readonly (readonly string[])[] = [["pip3"], ["pip"], ["python3", "-m", "pip"]];

/** A Deno that can compile. */
export interface CompileRuntime {
  deno: string;
  version: string;
  environment: Record<string, string>;
  /**
   * False for the older one: its `node:https` asks for no client certificates, so that callers are refused, and its
   * `node:http2` cannot carry gRPC, so that the kubelet is offered no devices.
   */
  complete: boolean;
}

/** The Deno that runs this, if it can compile (DENORT_BIN names a denort to use); else an older one, and says so. */
export async function compileRuntime(): Promise<CompileRuntime> {
  const pinned = {
    deno: Deno.execPath(),
    version: Deno.version.deno,
    environment: {},
    complete: true,
  };
  const why = await whyNotCompiling(pinned);
  if (why === undefined) return pinned;
  const directory = await olderRuntime();
  const version = (await runCommand([`${directory}/deno`, "eval", "-p", "Deno.version.deno"]))
    .trim();
  say(
    `deno ${pinned.version} cannot compile here (${why}): ` +
      `compiling with ${version}, whose programs refuse callers and offer no devices`,
  );
  return {
    deno: `${directory}/deno`,
    version,
    environment: { DENORT_BIN: `${directory}/denort` },
    complete: false,
  };
}

/** In words of the attempt's own. */
async function whyNotCompiling(runtime: CompileRuntime): Promise<string | undefined> {
  const work = await Deno.makeTempDir({ prefix: "denovirt-compile-" });
  try {
    await Deno.writeTextFile(`${work}/trial.js`, "");
    const args = ["compile", "--quiet", "--no-config", "--output", `${work}/trial`];
    await runCommand([runtime.deno, ...args, `${work}/trial.js`], {
      signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS),
    });
    await runCommand([`${work}/trial`]);
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return /error sending request[^\n]*/.exec(words)?.[0].replace(/ for url.*/, "") ??
      words.split("\n").at(-1) ?? "";
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function olderRuntime(): Promise<string> {
  return await cachedBuild({
    name: "compile-runtime",
    what: "fetching Deno 2.6.10 and its denort from PyPI",
    paths: [SCRIPT],
    build: async (directory) => {
      const work = await Deno.makeTempDir({ prefix: "denovirt-denort-" });
      try {
        const env = { PIP: (await pip()).join(" "), PIP_DISABLE_PIP_VERSION_CHECK: "1" };
        await runCommand([SCRIPT, directory, work], { env });
      } finally {
        await Deno.remove(work, { recursive: true });
      }
    },
  });
}

async function pip(): Promise<readonly string[]> {
  for (const command of PIPS) {
    if (await runCommand([...command, "--version"]).then(() => true, () => false)) return command;
  }
  await installPackages([{ purpose: "fetching a compile runtime", packages: ["python3-pip"] }]);
  return ["pip3"];
}
