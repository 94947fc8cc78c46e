/** How much of a failed command's output goes into its error. */
const ERROR_TAIL_CHARACTERS = 4_000;

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string;
  signal?: AbortSignal;
}

/** Runs a program to its end and returns its stdout. A failure carries the end of its output. */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const [program, ...args] = command;
  if (!program) throw new Error("Cannot run a command: it is empty");
  const child = new Deno.Command(program, {
    args,
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...(options.env ? { env: options.env } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { success, code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) {
    const output = (decoder.decode(stdout) + decoder.decode(stderr)).slice(-ERROR_TAIL_CHARACTERS);
    throw new Error(`Cannot run ${command.slice(0, 6).join(" ")}: exit code ${code}: ${output}`);
  }
  return decoder.decode(stdout);
}
