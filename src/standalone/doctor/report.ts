/** A machine's findings as a table for people: pure. */
import type { Finding, FindingState } from "./findings.ts";

const COLOURS: Readonly<Record<FindingState, number>> = { ok: 32, limited: 33, missing: 31 };
const STATE_WIDTH = 7;

export interface ReportOptions {
  /** Characters in a line. */
  columns: number;
  colour: boolean;
}

/** A line for each finding, and below it the command that puts it right. */
export function renderFindings(found: readonly Finding[], options: ReportOptions): string {
  const width = Math.max(...found.map(({ name }) => name.length));
  const indent = " ".repeat(STATE_WIDTH + 2);
  const lines = found.flatMap(({ name, state, detail, fix }) => {
    const coloured = options.colour
      ? `\x1b[${COLOURS[state]}m${state.padEnd(STATE_WIDTH)}\x1b[0m`
      : state.padEnd(STATE_WIDTH);
    const room = options.columns - STATE_WIDTH - width - 4;
    const line = `${coloured}  ${name.padEnd(width)}  ${cut(detail, room)}`.trimEnd();
    return state === "ok" || fix === undefined ? [line] : [line, `${indent}$ ${fix}`];
  });
  return `${[...lines, "", closing(found)].join("\n")}\n`;
}

function closing(found: readonly Finding[]): string {
  const count = (state: FindingState) => found.filter((each) => each.state === state).length;
  const missing = count("missing");
  if (missing > 0) {
    return `${missing} missing: no guest can run here yet. doctor --install does what apt-get can.`;
  }
  const limited = count("limited");
  return limited > 0 ? `Guests can run here, with ${limited} limits.` : "Guests can run here.";
}

/** A detail that does not fit is cut: commands never are. */
function cut(text: string, room: number): string {
  return text.length <= room || room < 2 ? text : `${text.slice(0, room - 1)}…`;
}
