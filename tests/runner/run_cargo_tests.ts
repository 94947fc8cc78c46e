import { cacheDirectory } from "../toolchain/cache_directory.ts";
import type { Outcome } from "./outcome.ts";

const RESULT = /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/;
const IGNORED = /^test (\S+) \.\.\. ignored/;

/** Runs `cargo test` in a workspace with its output shown as it comes. A build that fails counts as one failure. */
export async function runCargoTests(workspace: string): Promise<Outcome> {
  const child = new Deno.Command("cargo", {
    args: ["test", "--workspace", "--quiet", "--locked", "--release"],
    cwd: workspace,
    // with what the build of the product left there
    env: { CARGO_TARGET_DIR: `${cacheDirectory()}/native-target` },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const outcome = { passed: 0, failed: 0, skipped: [] as string[] };
  let unfinished = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    await Deno.stdout.write(new TextEncoder().encode(chunk));
    const lines = (unfinished + chunk).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) count(line, outcome);
  }
  const { success } = await child.status;
  return success || outcome.failed > 0 ? outcome : { ...outcome, failed: 1 };
}

function count(line: string, outcome: { passed: number; failed: number; skipped: string[] }): void {
  const ignored = IGNORED.exec(line);
  if (ignored?.[1]) outcome.skipped.push(`cargo: ${ignored[1]}`);
  const result = RESULT.exec(line);
  if (!result) return;
  outcome.passed += Number(result[1]);
  outcome.failed += Number(result[2]);
}
