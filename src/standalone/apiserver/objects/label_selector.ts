/** Label selectors in the API server's text form (apimachinery, labels.Parse), with its errors. Pure. */
import { badRequest } from "../status_error.ts";
import { labelValue, qualifiedName } from "../core/names.ts";

/** Whether labels are selected. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const OPERATORS = "in, notin, =, ==, !=, gt, lt";
const TOKEN = /\s*(?:(!=|==|=|!|,|\(|\)|>|<)|([^\s!=,()<>]+))/y;

/** Throws a 400 for a text that is no selector. */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokenize(text);
  const requirements: LabelSelector[] = [];
  if (tokens.peek() === "") return () => true;
  for (;;) {
    requirements.push(requirement(tokens));
    const next = tokens.take();
    if (next === "") break;
    if (next !== ",") throw unparsable(`found '${next}', expected: ',' or 'end of string'`);
    const after = tokens.peek();
    if (after === "" || after === ",") {
      throw unparsable(`found '${after}', expected: identifier after ','`);
    }
  }
  return (labels) => requirements.every((each) => each(labels));
}

interface Tokens {
  peek(): string;
  take(): string;
}

function tokenize(text: string): Tokens {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push(match[1] ?? match[2] ?? "");
    if (TOKEN.lastIndex >= text.length) break;
  }
  let at = 0;
  return { peek: () => tokens[at] ?? "", take: () => tokens[at++] ?? "" };
}

function requirement(tokens: Tokens): LabelSelector {
  const not = tokens.peek() === "!" && tokens.take() === "!";
  const key = tokens.take();
  if (!/^[^!=,()<>]+$/.test(key)) {
    throw unparsable(`found '${key}', expected: !, identifier, or 'end of string'`);
  }
  checkKey(key);
  if (not) return (labels) => !Object.hasOwn(labels, key);
  const next = tokens.peek();
  if (next === "" || next === ",") return (labels) => Object.hasOwn(labels, key);
  return operation(key, tokens.take(), tokens);
}

function operation(key: string, operator: string, tokens: Tokens): LabelSelector {
  const has = (labels: Readonly<Record<string, string>>, values: readonly string[]) =>
    Object.hasOwn(labels, key) && values.includes(labels[key] ?? "");
  switch (operator) {
    case "in":
    case "notin": {
      const values = valueList(key, tokens);
      return operator === "in" ? (labels) => has(labels, values) : (labels) => !has(labels, values);
    }
    case "=":
    case "==":
    case "!=": {
      const values = [value(key, tokens)];
      return operator === "!=" ? (labels) => !has(labels, values) : (labels) => has(labels, values);
    }
    case ">":
    case "<":
      return comparison(key, operator, value(key, tokens));
    default:
      throw unparsable(`found '${operator}', expected: ${OPERATORS}`);
  }
}

function value(key: string, tokens: Tokens): string {
  const next = tokens.peek();
  if (next === "" || next === ",") return "";
  const taken = tokens.take();
  checkValue(key, taken);
  return taken;
}

function valueList(key: string, tokens: Tokens): string[] {
  const open = tokens.take();
  if (open !== "(") throw unparsable(`found '${open}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    const next = tokens.take();
    if (next === ")") return values.length === 0 ? [""] : values;
    if (next === ",") {
      if (tokens.peek() === ")" || tokens.peek() === ",") values.push("");
      continue;
    }
    if (next === "") throw unparsable("found '', expected: ',', ')' or identifier");
    checkValue(key, next);
    values.push(next);
  }
}

function comparison(key: string, operator: ">" | "<", text: string): LabelSelector {
  const bound = integer(text);
  if (bound === undefined) {
    throw badRequest(
      `values[0][${key}]: Invalid value: ${
        JSON.stringify(text)
      }: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  return (labels) => {
    const found = integer(labels[key] ?? "");
    if (found === undefined) return false;
    return operator === ">" ? found > bound : found < bound;
  };
}

function integer(text: string): bigint | undefined {
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
}

function checkKey(key: string): void {
  const problems = qualifiedName(key);
  if (problems.length === 0) return;
  throw unparsable(`key: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`, "");
}

function checkValue(key: string, text: string): void {
  const problems = labelValue(text);
  if (problems.length === 0) return;
  throw unparsable(
    `values[0][${key}]: Invalid value: ${JSON.stringify(text)}: ${problems.join("; ")}`,
    "",
  );
}

function unparsable(why: string, prefix = "unable to parse requirement: "): Error {
  return badRequest(`${prefix === "" ? "unable to parse requirement: " : prefix}${why}`);
}
