/** A program with subcommands as people use it: command by command, and what each prints. */

/** A command that hangs must not hang its test. */
const COMMAND_TIMEOUT_MS = 60_000;

/** A command, and what it prints on both streams. */
export type Expectation = readonly [command: string, prints: RegExp];

export interface CommandLineOptions {
  program: string;
  /** Before every command. */
  flags: readonly string[];
  env?: Record<string, string>;
  /** `{name}` in a command is the file `<directory>/<name>.json`. */
  directory: string;
}

export class CommandLine {
  readonly #options: CommandLineOptions;

  constructor(options: CommandLineOptions) {
    this.#options = options;
  }

  /** What it prints, errors last. What has spaces stands in single quotes. */
  async run(command: string): Promise<string> {
    const { stdout, stderr } = await this.spawn(command).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  }

  spawn(
    command: string,
    signal: AbortSignal = AbortSignal.timeout(COMMAND_TIMEOUT_MS),
  ): Deno.ChildProcess {
    const { directory, env = {}, flags, program } = this.#options;
    const words = command.replaceAll(/\{(\w+)\}(?=\s|$)/g, `${directory}/$1.json`)
      .match(/(?:'[^']*'|\S)+/g) ?? [];
    const args = words.map((each) => each.replaceAll("'", ""));
    return new Deno.Command(program, {
      args: [...flags, ...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).spawn();
  }

  /** In order; what was printed instead, one text each. */
  async mistakes(expectations: readonly Expectation[]): Promise<string[]> {
    const mistakes: string[] = [];
    for (const [command, prints] of expectations) {
      const printed = await this.run(command);
      if (!prints.test(printed)) mistakes.push(`${command}: wants ${prints}: ${printed}`);
    }
    return mistakes;
  }
}
