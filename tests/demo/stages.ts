/** Shows what is done, step by step, and how long each step took. */
import { say, step } from "../toolchain/progress.ts";

const COLOURED = Deno.stderr.isTerminal() && !Deno.noColor;
export function bold(text: string): string {
  return COLOURED ? `\x1b[1m${text}\x1b[0m` : text;
}

const dim = (text: string) => COLOURED ? `\x1b[2m${text}\x1b[0m` : text;

interface Stage {
  name: string;
  seconds: number;
}

/** Whether the work tells of its own progress, or only that time goes by is to be told. */
type Progress = "told by the work" | "elapsed";

/** Runs the stages one after the other and remembers how long each took. */
export class Stages {
  readonly #done: Stage[] = [];

  async run<T>(
    name: string,
    work: () => Promise<T>,
    progress: Progress = "elapsed",
  ): Promise<T> {
    say(bold(`\n▶ ${name}`));
    const start = performance.now();
    const result = await (progress === "elapsed" ? step("  working", work) : work());
    this.#done.push({ name, seconds: (performance.now() - start) / 1000 });
    return result;
  }

  table(): string {
    const width = Math.max(...this.#done.map(({ name }) => name.length));
    const longest = Math.max(...this.#done.map(({ seconds }) => seconds));
    return this.#done.map(({ name, seconds }) => {
      const bar = "█".repeat(Math.max(1, Math.round((seconds / longest) * 30)));
      return `  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${dim(bar)}`;
    }).join("\n");
  }
}

/** What a program or a guest said. */
export function quote(text: string): void {
  const lines = text.replaceAll("\r", "").split("\n").filter((line) => line.trim() !== "");
  for (const line of lines) say(dim(`  │ ${line}`));
}
