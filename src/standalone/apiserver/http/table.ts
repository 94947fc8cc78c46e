/** Objects as rows of a table: what `kubectl get` prints. Pure: the clock is an argument. */
import type { JsonObject } from "../../../kube/json.ts";
import type { Kind, TableColumn } from "../kinds/kind.ts";

/** What of an object goes along with its row. */
export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  kind: Kind;
  include: IncludeObject;
  now: Date;
  /** Metadata of the list; absent: a single object's. */
  metadata: JsonObject;
  /** Rows of a watch after the first come without. @default true */
  columns?: boolean;
}

/** meta.k8s.io/v1 Table. */
export function tableOf(objects: readonly JsonObject[], options: TableOptions): JsonObject {
  const { kind, include, now, metadata, columns = true } = options;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns ? kind.columns.map(definition) : null,
    rows: objects.map((object) => ({
      cells: kind.columns.map((column) => cellOf(column, object, now)) as never,
      object: include === "None" ? null : include === "Object" ? object : partialMetadata(object),
    })),
  };
}

/** An object with its metadata alone. */
export function partialMetadata({ metadata }: JsonObject): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: metadata ?? {},
  };
}

function definition(column: TableColumn): JsonObject {
  const { name, type, shownType = type, format = "", description, priority } = column;
  return { name, type: shownType, format, description, priority };
}

function cellOf({ type, cell }: TableColumn, object: JsonObject, now: Date): unknown {
  const value = cell(object);
  if (value === undefined || value === null) return null;
  switch (type) {
    case "date":
      return age(String(value), now);
    case "integer":
      return typeof value === "number" ? value : Number(value);
    case "boolean":
      return typeof value === "boolean" ? value : value === "true";
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

function age(timestamp: string, now: Date): string {
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? timestamp || "<unknown>" : humanDuration(now.getTime() - then);
}

const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Two figures at most: "4m30s", "3h20m", "12d", "2y50d" (apimachinery, duration.HumanDuration). */
export function humanDuration(ms: number): string {
  const s = Math.trunc(ms / 1000);
  if (s < -1) return "<invalid>";
  if (s < 0) return "0s";
  if (s < 2 * MINUTE) return `${s}s`;
  if (s < 10 * MINUTE) return pair(s, MINUTE, "m", SECOND, "s");
  if (s < 3 * HOUR) return `${Math.floor(s / MINUTE)}m`;
  if (s < 8 * HOUR) return pair(s, HOUR, "h", MINUTE, "m");
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)}h`;
  if (s < 8 * DAY) return pair(s, DAY, "d", HOUR, "h");
  if (s < 2 * YEAR) return `${Math.floor(s / DAY)}d`;
  if (s < 8 * YEAR) return pair(s, YEAR, "y", DAY, "d");
  return `${Math.floor(s / YEAR)}y`;
}

function pair(
  s: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const whole = Math.floor(s / large);
  const rest = Math.floor((s % large) / small);
  return rest === 0 ? `${whole}${largeName}` : `${whole}${largeName}${rest}${smallName}`;
}
