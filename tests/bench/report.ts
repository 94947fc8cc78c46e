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
  aim?: Aim;
}

/** What is aimed for, in the row's unit or in terms of the reference. */
export type Aim =
  & {
    /** Under which circumstances, if not those of the run. */
    where?: string;
  }
  & ({
    atMost: number;
    /** Of the reference, instead of units. */
    times?: "reference";
  } | { atLeast: number });

export interface Report {
  machine: { cpus: number; memoryGiB: number; note: string };
  rows: readonly Row[];
  /** Writes and reads per life by role and kind, for each load. */
  requests: Record<string, Record<string, Record<string, number>>>;
}

const HEADINGS = ["", "measure", "ours", "reference", "aim", "met", "reference is"];

/** Whether a row meets its aim; absent where there is none. */
export function meets({ ours, reference, aim }: Row): boolean | undefined {
  if (aim === undefined) return undefined;
  if ("atLeast" in aim) return ours >= aim.atLeast;
  return ours <= (aim.times === undefined ? aim.atMost : aim.atMost * (reference ?? NaN));
}

/** For programs: every row with whether it meets its aim. */
export function formatJson(report: Report): string {
  const rows = report.rows.map((row) => ({ ...row, met: meets(row) }));
  return `${JSON.stringify({ ...report, rows }, undefined, 2)}\n`;
}

export function formatTable({ machine, rows, requests }: Report): string {
  const cells = rows.map((row) => [
    row.id,
    row.measure,
    `${round(row.ours)} ${row.unit}`.trim(),
    row.reference === undefined ? "" : `${round(row.reference)} ${row.unit}`.trim(),
    aimOf(row),
    { true: "yes", false: "no", undefined: "" }[`${meets(row)}`] ?? "",
    row.against ?? "",
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

function aimOf({ aim, unit }: Row): string {
  if (aim === undefined) return "";
  const where = aim.where === undefined ? "" : ` ${aim.where}`;
  if ("atLeast" in aim) return `>= ${`${aim.atLeast} ${unit}`.trim()}${where}`;
  const { atMost, times } = aim;
  const measured = times === undefined ? `${atMost} ${unit}`.trim() : `${atMost} x ${times}`;
  return `<= ${measured}${where}`;
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
