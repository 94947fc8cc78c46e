/** Fields that an apply wants otherwise than those who manage them. */
import type { KubeError } from "../../../kube/client.ts";
import { statusError } from "../status_error.ts";
import type { FieldSet } from "./field_set.ts";
import type { ManagerIdentity, Managers } from "./managers.ts";
import { type PathElement, pathElementText } from "./path_element.ts";

/** One field and one of its managers. */
export interface Conflict {
  manager: ManagerIdentity;
  path: readonly PathElement[];
}

/** A conflict for each field of each manager, in their order. */
export function conflictsOf(managers: Managers, fields: ReadonlyMap<string, FieldSet>): Conflict[] {
  return [...fields].flatMap(([id, set]) => {
    const manager = managers.get(id);
    return manager === undefined ? [] : [...set.paths()].map((path) => ({ manager, path }));
  });
}

/** 409 with a cause for each conflict. */
export function conflictError(conflicts: readonly Conflict[]): KubeError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  }));
  return statusError(409, "Conflict", conflictText(conflicts), { causes });
}

function conflictText(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const { manager, path } = first;
    return `Apply failed with 1 conflict: conflict with ${managerText(manager)}: ${pathText(path)}`;
  }
  const groups = Map.groupBy(conflicts, ({ manager }) => managerText(manager));
  const lines = [...groups].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([manager, members]) => [
    `conflicts with ${manager}:`,
    ...members.map(({ path }) => `- ${pathText(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function managerText({ name, operation, apiVersion, subresource }: ManagerIdentity): string {
  const quoted = JSON.stringify(name);
  const where = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${quoted}${where} using ${apiVersion}` : `${quoted}${where}`;
}

function pathText(path: readonly PathElement[]): string {
  return path.map(pathElementText).join("");
}
