import { cacheDirectory } from "../toolchain/cache_directory.ts";
import type { Outcome } from "./outcome.ts";

const RESULT = /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/;
const IGNORED = /^test (\S+) \.\.\. ignored/;
/** The head of what a failed test printed. */
const FAILED = /^---- (\S+) stdout ----$/;

interface CargoOutcome extends Outcome {
  skipped: string[];
  failures: string[];
}

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
  const outcome: CargoOutcome = { passed: 0, failed: 0, skipped: [], failures: [] };
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

function count(line: string, outcome: CargoOutcome): void {
  const ignored = IGNORED.exec(line);
  if (ignored?.[1]) outcome.skipped.push(`cargo: ${ignored[1]}`);
  const failure = FAILED.exec(line);
  if (failure?.[1]) outcome.failures.push(`cargo: ${failure[1]}`);
  const result = RESULT.exec(line);
  if (!result) return;
  outcome.passed += Number(result[1]);
  outcome.failed += Number(result[2]);
}
