/** What the benchmark says: rows of figures, each beside its reference. */

/** One figure. Numbers are rounded when they are shown, not before. */
export interface Row {
  /** Of the goals: "P1". */
  id: string;
  measure: string;
  unit: string;
  ours: number;
  /** The same measured in the same run, of what is compared with; absent where nothing is. */
  reference?: number;
  /** What the reference is. */
  against?: string;
  aim?: string;
}

export interface Report {
  machine: { cpus: number; memoryGiB: number; note: string };
  rows: readonly Row[];
  /** Writes and reads per life by role and kind, for each load. */
  requests: Record<string, Record<string, Record<string, number>>>;
}

const HEADINGS = ["", "measure", "ours", "reference", "aim", "reference is"];

export function formatTable({ machine, rows, requests }: Report): string {
  const cells = rows.map(({ id, measure, unit, ours, reference, against, aim }) => [
    id,
    measure,
    `${round(ours)} ${unit}`.trim(),
    reference === undefined ? "" : `${round(reference)} ${unit}`.trim(),
    aim ?? "",
    against ?? "",
  ]);
  const table = align([HEADINGS, ...cells]);
  const budgets = Object.entries(requests).map(([load, roles]) => {
    const lines = Object.entries(roles).flatMap(([role, kinds]) =>
      Object.entries(kinds).map(([kind, each]) => [`  ${role}`, kind, round(each)])
    );
    return `requests per life, ${load}:\n${align(lines)}`;
  });
  const where = `${machine.cpus} CPUs, ${round(machine.memoryGiB)} GiB: ${machine.note}`;
  return [where, table, ...budgets].join("\n\n") + "\n";
}

/** Three significant digits, as people read them. */
function round(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0))
  );
  return lines.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  ).join("\n");
}
