/** An explanation as text for people: what was seen, what would be done, and why. */
import { stringify } from "yaml";
import { isRecord, mergePatch } from "../resources/merge_patch.ts";
import type { Explanation } from "./explainers.ts";

/** A line that is longer says no more. */
const LINE_LENGTH_MAX = 200;

export function renderExplanation(title: string, explanation: Explanation): string {
  const { controller, world, decision } = explanation;
  const { actions, actionsAfterStatus = [], events = [], requeueAfterMs } = decision;
  const all = [...actions, ...actionsAfterStatus];
  const lines = [
    `${title}, as ${controller} sees it`,
    "",
    "Sees:",
    ...Object.entries(world).flatMap(([name, value]) => seen(name, value)),
    "",
    all.length === 0 ? "Would do nothing." : "Would do:",
    ...all.map((action) => `  ${told(action)}`),
    "",
    ...statusChange(explanation),
    ...(events.length === 0 ? [] : ["", "Because, in the words of its events:"]),
    ...events.map(({ type, reason, message }) => `  ${type} ${reason}: ${message}`),
    ...conditionLines(decision.status),
    ...(requeueAfterMs === undefined ? [] : ["", `Would look again after ${requeueAfterMs} ms.`]),
  ];
  return `${lines.map((line) => line.slice(0, LINE_LENGTH_MAX)).join("\n")}\n`;
}

function seen(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) return [`  ${name}: ${brief(value)}`];
  if (value.length === 0) return [`  ${name}: none`];
  return [`  ${name}:`, ...value.map((item) => `    ${brief(item)}`)];
}

/** Of an object its name and state. */
function brief(value: unknown): string {
  if (!isRecord(value)) return String(value);
  const { metadata, status } = value;
  if (!isRecord(metadata)) return JSON.stringify(value);
  const { namespace, name, deletionTimestamp } = metadata;
  const place = typeof namespace === "string" ? `${namespace}/${name}` : String(name);
  const state = isRecord(status) ? status.printableStatus ?? status.phase ?? "" : "";
  return [place, state, deletionTimestamp === undefined ? "" : "(being deleted)"]
    .filter((part) => part !== "").join(" ");
}

function told(action: { type: string }): string {
  const { type, ...rest } = action as Record<string, unknown> & { type: string };
  const details = Object.entries(rest).map(([name, value]) => `${name}=${brief(value)}`);
  return [type, ...details].join(" ");
}

function statusChange({ statusBefore, decision }: Explanation): string[] {
  const change = mergePatch(statusBefore ?? {}, decision.status ?? {});
  if (change === undefined) return ["Would write no status: it is as it shall be."];
  const text = stringify(change, { lineWidth: 0 }).trimEnd().split("\n");
  const delay = decision.statusMayWaitMs === undefined
    ? ""
    : ` within ${decision.statusMayWaitMs} ms`;
  return [`Would write of the status${delay}:`, ...text.map((line) => `  ${line}`)];
}

/** What is said to be wrong, or not yet right. */
function conditionLines(decided: unknown): string[] {
  if (!isRecord(decided)) return [];
  const status = isRecord(decided.status) ? decided.status : decided;
  const conditions = Array.isArray(status.conditions) ? status.conditions.filter(isRecord) : [];
  if (conditions.length === 0) return [];
  return [
    "",
    "Conditions:",
    ...conditions.map(({ type, status, reason, message }) =>
      `  ${[`${type}=${status}`, reason, message].filter(Boolean).join(": ")}`
    ),
  ];
}
