/** Field selectors in the API server's text form (apimachinery, fields.ParseSelector), with its errors. Pure. */
import type { JsonObject } from "../../../kube/json.ts";
import type { ObjectMeta } from "../../../kube/object.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { badRequest } from "../status_error.ts";

/** Whether an object in its stored form is selected. */
export type FieldSelector = (object: JsonObject) => boolean;

/** A selector, and the name that it asks for if it asks for one. */
export interface ParsedFieldSelector {
  matches: FieldSelector;
  name?: string;
}

const REQUIREMENT = /^((?:\\.|[^=!\\])*)(==|!=|=)((?:\\.|[^\\])*)$/;

/** Throws a 400 for a text that is no selector, and for a field that this kind cannot be selected by. */
export function parseFieldSelector(text: string, served: ServedKind): ParsedFieldSelector {
  const terms = split(text).filter((term) => term !== "");
  const requirements = terms.map((term) => requirement(term, served));
  const name = requirements.find((each) => each.field === "metadata.name" && each.equal)?.value;
  return {
    matches: (object) =>
      requirements.every(({ read, value, equal }) => (textOf(read(object)) === value) === equal),
    ...(name === undefined ? {} : { name }),
  };
}

function requirement(term: string, served: ServedKind) {
  const [, field = "", operator = "", value = ""] = REQUIREMENT.exec(term) ?? [];
  if (operator === "") {
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  }
  const read = reader(field, served);
  return { field, read, equal: operator !== "!=", value: value.replaceAll(/\\(.)/g, "$1") };
}

function reader(field: string, { kind }: ServedKind): (object: JsonObject) => unknown {
  if (field === "metadata.name") return (object) => metaOf(object).name;
  if (
    field === "metadata.namespace" && (kind.namespaced || kind.custom || kind.fields === undefined)
  ) {
    return (object) => metaOf(object).namespace;
  }
  const read = kind.fields?.[field];
  if (read !== undefined) return read;
  if (kind.custom || kind.fields !== undefined) {
    throw badRequest(`field label not supported: ${field}`);
  }
  throw badRequest(
    `${
      JSON.stringify(field)
    } is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

function metaOf(object: JsonObject): ObjectMeta {
  return object.metadata as unknown as ObjectMeta;
}

/** Fields are compared as texts; what is not there is empty. */
function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

function split(text: string): string[] {
  return text.match(/(?:\\.|[^,\\])+/g) ?? [];
}
