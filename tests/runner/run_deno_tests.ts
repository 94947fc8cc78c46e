import { countJunit } from "./junit.ts";
import type { Outcome } from "./outcome.ts";

/** A test that hangs must not hang the run. */
const TIMEOUT_MS_DEFAULT = 40 * 60_000;

export interface DenoTestOptions {
  paths: readonly string[];
  /** For tests that share nothing. */
  parallel?: boolean;
  ignore?: readonly string[];
  env?: Record<string, string>;
  /** @default 40 minutes */
  timeoutMs?: number;
}

/** Runs `deno test` with its output shown as it comes. A run that ends without a report counts as one failure. */
export async function runDenoTests(options: DenoTestOptions): Promise<Outcome> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--no-check",
        "--allow-all",
        "--sanitize-ops",
        "--sanitize-resources",
        `--junit-path=${report}`,
        ...(options.parallel ? ["--parallel"] : []),
        ...(options.ignore ? [`--ignore=${options.ignore.join(",")}`] : []),
        ...options.paths,
      ],
      ...(options.env ? { env: options.env } : {}),
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS_DEFAULT),
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    const outcome = countJunit(await Deno.readTextFile(report));
    return success || outcome.failed > 0 ? outcome : { ...outcome, failed: 1 };
  } finally {
    await Deno.remove(report);
  }
}
