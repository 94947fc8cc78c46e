/** Whether a guest waits for somebody to type: its last line is a prompt. Pure. */

/** Longer lines are no prompts. */
const LINE_CHARACTERS_MAX = 4_096;
const ESCAPE = String.fromCharCode(27);
const BELL = String.fromCharCode(7);
/** What terminals act on and nobody reads: colours, titles, the question where the cursor is. */
const CONTROL = new RegExp(
  `${ESCAPE}\\[[0-9;?]*[ -/]*[@-~]|${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)`,
  "g",
);

export class PromptWatcher {
  readonly #pattern: RegExp;
  #line = "";

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  /** What the guest has written since. */
  see(text: string): void {
    const all = this.#line + text;
    this.#line = all.slice(all.lastIndexOf("\n") + 1).slice(-LINE_CHARACTERS_MAX);
  }

  /** What was seen is answered. */
  clear(): void {
    this.#line = "";
  }

  get isAtPrompt(): boolean {
    // What comes after the last carriage return is written over what was before.
    const shown = this.#line.replaceAll(CONTROL, "");
    return this.#pattern.test(shown.slice(shown.lastIndexOf("\r") + 1));
  }
}
