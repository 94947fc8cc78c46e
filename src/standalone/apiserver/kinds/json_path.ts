/** The JSONPath of printer columns and scale paths: members, indices and one kind of filter. Kubernetes allows little more. */
import { isObject, type Json } from "../../../kube/json.ts";

type Step = { member: string } | { index: number } | { where: string[]; equals: string };

const STEP =
  /\.((?:\\.|[^.[\]\\])+)|\[(\d+)\]|\[\?\(@((?:\.[^=\s.()]+)+)\s*==\s*(?:'([^']*)'|"([^"]*)")\s*\)\]|\['([^']*)'\]/y;

/** Finds the first value that a path names; `undefined` when there is none. Throws `TypeError` for another kind of path. */
export function jsonPath(path: string): (value: unknown) => Json | undefined {
  const steps = stepsOf(path);
  return (value) => steps.reduce<Json | undefined>(follow, value as Json);
}

/** The members that a path of members alone names: ".spec.replicas". */
export function memberPath(path: string): string[] {
  return stepsOf(path).map((step) => {
    if (!("member" in step)) throw new TypeError(`Cannot write to ${path}: members alone`);
    return step.member;
  });
}

function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  const text = path.startsWith(".") || path.startsWith("[") ? path : `.${path}`;
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const at = STEP.lastIndex;
    const match = STEP.exec(text);
    if (match === null) throw new TypeError(`Cannot read JSONPath: at ${at}: got "${path}"`);
    const [, member, index, where, single, double, quoted] = match;
    if (index !== undefined) steps.push({ index: Number(index) });
    else if (where !== undefined) {
      steps.push({ where: where.slice(1).split("."), equals: single ?? double ?? "" });
    } else steps.push({ member: (member ?? quoted ?? "").replaceAll(/\\(.)/g, "$1") });
  }
  return steps;
}

function follow(value: Json | undefined, step: Step): Json | undefined {
  if ("member" in step) return memberOf(value, step.member);
  if (!Array.isArray(value)) return undefined;
  if ("index" in step) return value[step.index];
  return value.find((item) => step.where.reduce(memberOf, item) === step.equals);
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
