/** Longest output that is kept of a command: it is for answers and error messages, not for data. */
const OUTPUT_BYTES_MAX = 1024 * 1024;
const ERROR_TEXT_MAX = 2_000;

export interface RunOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Working directory. */
  cwd?: string;
}

/** A program that did not end with code 0. */
export class CommandError extends Error {
  override name = "CommandError";
}

/**
 * Runs a program to its end, bounded in time, with an empty environment but PATH and a C locale.
 * @throws CommandError with the end of its stderr; the arguments are not repeated in it.
 */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  { timeoutMs, signal, cwd }: RunOptions,
): Promise<{ stdout: string }> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const command = new Deno.Command(program, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    clearEnv: true,
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  let output: Deno.CommandOutput;
  try {
    output = await command.output();
  } catch (cause) {
    throw new CommandError(`Cannot run ${program}`, { cause });
  }
  if (!output.success) {
    const why = timeout.aborted
      ? `must end within ${timeoutMs} ms`
      : decode(output.stderr).trim().slice(-ERROR_TEXT_MAX);
    throw new CommandError(`Cannot run ${program}: it ended with code ${output.code}: ${why}`);
  }
  return { stdout: decode(output.stdout) };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, OUTPUT_BYTES_MAX));
}
