/** Whether a value has the form that its type wants, so that its fields can be owned. */
import { isObject, type Json } from "../../../kube/json.ts";
import { goText } from "../patch/go_text.ts";
import { atomOf, ElementError, elementOf, memberType, type TypeRef } from "./atom.ts";
import { fieldElement, pathElementText } from "./path_element.ts";

/** What is wrong, each with its path; nothing when all is well. Equal elements of a list may be allowed. */
export function checkTyped(
  value: Json,
  type: TypeRef,
  options: { allowDuplicates?: boolean } = {},
): string[] {
  return check(value, type, "", options).map(({ path, problem }) =>
    path === "" ? problem : `${path}: ${problem}`
  );
}

/** As structured-merge-diff joins them. */
export function problemsText(problems: readonly string[]): string {
  return problems.length === 1
    ? problems[0]!
    : ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n");
}

interface Problem {
  path: string;
  problem: string;
}

function check(
  value: Json,
  type: TypeRef,
  path: string,
  options: { allowDuplicates?: boolean },
): Problem[] {
  const atom = atomOf(type, value);
  if (value === null) return [];
  if (atom.kind === "scalar") return checkScalar(value, atom.type, path);
  if (atom.kind === "list") {
    if (!Array.isArray(value)) return [{ path, problem: `expected list, got &{${goText(value)}}` }];
    const seen = new Set<string>();
    const problems: Problem[] = [];
    for (const [index, item] of value.entries()) {
      let below = `[${index}]`;
      if (!atom.atomic) {
        try {
          const element = elementOf(atom, item);
          below = pathElementText(element);
          if (seen.has(element) && !options.allowDuplicates) {
            problems.push({ path, problem: `duplicate entries for key ${below}` });
          }
          seen.add(element);
        } catch (error) {
          if (!(error instanceof ElementError)) throw error;
          return [...problems, { path, problem: `element ${index}: ${error.message}` }];
        }
      }
      problems.push(...check(item, atom.element, path + below, options));
    }
    return problems;
  }
  if (!isObject(value)) return [{ path, problem: `expected map, got &{${goText(value)}}` }];
  return Object.entries(value).flatMap(([name, member]) => {
    const below = path + pathElementText(fieldElement(name));
    const memberOf = memberType(atom, name);
    return memberOf === undefined
      ? [{ path: below, problem: "field not declared in schema" }]
      : check(member, memberOf, below, options);
  });
}

function checkScalar(value: Json, type: string, path: string): Problem[] {
  const scalar = !isObject(value) && !Array.isArray(value);
  switch (type) {
    case "numeric":
      if (typeof value === "number") return [];
      return [{ path, problem: `expected numeric (int or float), got ${goType(value)}` }];
    case "string":
      if (typeof value === "string") return [];
      return [{
        path,
        problem: `expected string, got &value.valueUnstructured{Value:${goText(value)}}`,
      }];
    case "boolean":
      if (typeof value === "boolean") return [];
      return [{ path, problem: `expected boolean, got &{${goText(value)}}` }];
    default:
      return scalar ? [] : [{ path, problem: `expected any scalar, got &{${goText(value)}}` }];
  }
}

function goType(value: Json): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value;
}
