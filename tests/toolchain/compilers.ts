import { isOffered } from "./debian_packages.ts";
import { runCommand } from "./run_command.ts";

/** Programs that are looked for. */
const COMPILERS = [
  { program: "go", args: ["version"], minimum: [1, 24], needed: "to build Kubernetes" },
  { program: "cargo", args: ["--version"], minimum: [1, 95], needed: "to build the native parts" },
] as const;
/** Debian 12's own Cargo is too old; this is the one that it builds its browsers with. */
const CARGO_PACKAGE = "cargo-web";

/** What Debian has of those that are not there at all. One that is there and too old was somebody's choice. */
export async function compilerPackages(
  wanted: readonly string[],
): Promise<{ purpose: string; packages: string[] }[]> {
  if (!wanted.includes("cargo") || await answerOf("cargo", ["--version"]) !== undefined) return [];
  if (!await isOffered(CARGO_PACKAGE)) return [];
  return [{ purpose: "compiling native code", packages: [CARGO_PACKAGE] }];
}

/** What of these is missing or too old, one sentence each. */
export async function compilerProblems(wanted: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { program, args, minimum, needed } of COMPILERS) {
    if (!wanted.includes(program)) continue;
    const sentence = `${program} ${minimum.join(".")} or newer is needed ${needed}`;
    const answer = await answerOf(program, args);
    const version = /(\d+)\.(\d+)/.exec(answer ?? "");
    if (!version) problems.push(`${sentence}: not found`);
    else if (isOlder([Number(version[1]), Number(version[2])], minimum)) {
      problems.push(`${sentence}: got ${version[0]}`);
    }
  }
  return problems;
}

async function answerOf(program: string, args: readonly string[]): Promise<string | undefined> {
  return await runCommand([program, ...args]).catch(() => undefined);
}

function isOlder(
  [major, minor]: readonly [number, number],
  [minimumMajor, minimumMinor]: readonly [number, number],
): boolean {
  return major < minimumMajor || (major === minimumMajor && minor < minimumMinor);
}
