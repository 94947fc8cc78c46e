import { runCommand } from "./run_command.ts";

/** Programs that Debian 12 does not have new enough; they are looked for, not installed. */
const COMPILERS = [
  { program: "go", args: ["version"], minimum: [1, 24], needed: "to build Kubernetes" },
  { program: "cargo", args: ["--version"], minimum: [1, 95], needed: "to build the native parts" },
] as const;

/** What of these is missing or too old, one sentence each. */
export async function compilerProblems(wanted: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { program, args, minimum, needed } of COMPILERS) {
    if (!wanted.includes(program)) continue;
    const sentence = `${program} ${minimum.join(".")} or newer is needed ${needed}`;
    const answer = await runCommand([program, ...args]).catch(() => undefined);
    const version = /(\d+)\.(\d+)/.exec(answer ?? "");
    if (!version) problems.push(`${sentence}: not found`);
    else if (isOlder([Number(version[1]), Number(version[2])], minimum)) {
      problems.push(`${sentence}: got ${version[0]}`);
    }
  }
  return problems;
}

function isOlder(
  [major, minor]: readonly [number, number],
  [minimumMajor, minimumMinor]: readonly [number, number],
): boolean {
  return major < minimumMajor || (major === minimumMajor && minor < minimumMinor);
}
