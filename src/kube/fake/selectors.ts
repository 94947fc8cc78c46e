/** Label and field selectors, in the API server's text form. */
import type { KubeObject } from "../object.ts";

/** Whether an object is selected. */
export type Selector = (object: KubeObject) => boolean;

const REQUIREMENT =
  /^(!?)\s*([^\s!=(),]+)\s*(?:(==|=|!=)\s*([^\s,]*)|\s(in|notin)\s*\(([^)]*)\))?$/;

/** Fields that can be selected on every kind, and on pods; the API server knows no others. */
const SELECTABLE: Record<string, (object: KubeObject) => unknown> = {
  "metadata.name": (object) => object.metadata.name,
  "metadata.namespace": (object) => object.metadata.namespace,
  "spec.nodeName": (object) => (object as { spec?: { nodeName?: string } }).spec?.nodeName,
  "status.phase": (object) => (object as { status?: { phase?: string } }).status?.phase,
};

/** `a=b,!c,d in (e,f)`. Throws `RangeError` on what does not parse. */
export function labelSelector(text: string): Selector {
  const requirements = text.match(/[^,(]+(\([^)]*\))?/g) ?? [];
  return all(requirements.map((requirement) => labelRequirement(requirement.trim())));
}

/** `metadata.name=x,spec.nodeName!=y`. Throws `RangeError` on a field that cannot be selected. */
export function fieldSelector(text: string): Selector {
  return all(
    text.split(",").map((requirement) => {
      const [, field = "", operator = "", value = ""] = requirement.match(/^(.+?)(==|=|!=)(.*)$/) ??
        [];
      const read = SELECTABLE[field];
      if (read === undefined) {
        throw new RangeError(`field label not supported: ${field || requirement}`);
      }
      return (object) => ((read(object) ?? "") === value) !== (operator === "!=");
    }),
  );
}

function labelRequirement(text: string): Selector {
  const match = text.match(REQUIREMENT);
  if (match === null) throw new RangeError(`unable to parse requirement: "${text}"`);
  const [, not, name = "", operator, value, set, values = ""] = match;
  const wanted = set === undefined ? [value] : values.split(",").map((each) => each.trim());
  const negative = not === "!" || operator === "!=" || set === "notin";
  const existence = operator === undefined && set === undefined;
  return (object) => {
    const label = object.metadata.labels?.[name];
    const holds = existence ? label !== undefined : wanted.includes(label);
    return holds !== negative;
  };
}

function all(selectors: Selector[]): Selector {
  return (object) => selectors.every((selector) => selector(object));
}
