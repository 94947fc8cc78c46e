/**
 * XML as plain data, and its writer. Text from users only ever enters a document through here, so this is the one place that
 * escapes it.
 */

/** An element; `undefined` attributes are left out, children are elements or text. */
export interface XmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly (XmlElement | string)[];
}

/** An attribute that is `undefined` is not written: this spares callers a conditional for each optional one. */
export type XmlAttributes = Readonly<Record<string, string | number | undefined>>;

/** Builds an element, dropping attributes and children that are `undefined`. */
export function element(
  name: string,
  attributes: XmlAttributes = {},
  ...children: (XmlElement | string | undefined)[]
): XmlElement {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) kept[key] = String(value);
  }
  return {
    name,
    attributes: kept,
    children: children.filter((child) => child !== undefined),
  };
}

/** The document, indented by two spaces; ends in a newline. Elements with text are kept on one line. */
export function renderXml(root: XmlElement): string {
  const lines: string[] = [];
  renderInto(lines, root, "");
  return lines.join("\n") + "\n";
}

function renderInto(lines: string[], node: XmlElement, indent: string): void {
  const open = `${indent}<${node.name}${renderAttributes(node.attributes)}`;
  if (node.children.length === 0) {
    lines.push(`${open}/>`);
    return;
  }
  if (node.children.some((child) => typeof child === "string")) {
    lines.push(`${open}>${node.children.map(renderInline).join("")}</${node.name}>`);
    return;
  }
  lines.push(`${open}>`);
  for (const child of node.children) {
    if (typeof child !== "string") renderInto(lines, child, `${indent}  `);
  }
  lines.push(`${indent}</${node.name}>`);
}

function renderInline(node: XmlElement | string): string {
  if (typeof node === "string") return escapeXml(node);
  const open = `<${node.name}${renderAttributes(node.attributes)}`;
  if (node.children.length === 0) return `${open}/>`;
  return `${open}>${node.children.map(renderInline).join("")}</${node.name}>`;
}

function renderAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join("");
}

/** XML 1.0 allows no other control character, not even escaped: they are replaced, as a lone surrogate is. */
// deno-lint-ignore no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  // White space would be normalised inside attributes, and "\r" everywhere.
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** Text made safe for element content and for attributes in either kind of quotes. */
export function escapeXml(text: string): string {
  return text.toWellFormed().replace(NOT_XML, "\ufffd")
    .replace(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
