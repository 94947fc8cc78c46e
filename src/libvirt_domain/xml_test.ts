import assert from "node:assert/strict";
import fc from "fast-check";
import { element, escapeXml, renderXml, type XmlElement } from "./xml.ts";

Deno.test("element() drops undefined attributes and children", () => {
  assert.deepEqual(element("a", { b: 1, c: undefined }, undefined, "t"), {
    name: "a",
    attributes: { b: "1" },
    children: ["t"],
  });
});

Deno.test("renderXml() indents elements and keeps text on one line", () => {
  const xml = renderXml(element("a", {}, element("b", { c: "d" }), element("e", {}, "f")));
  assert.equal(xml, '<a>\n  <b c="d"/>\n  <e>f</e>\n</a>\n');
});

const ESCAPED: [input: string, output: string][] = [
  ['a"b', "a&quot;b"],
  ["</name><evil/>", "&lt;/name&gt;&lt;evil/&gt;"],
  ["a&amp;b", "a&amp;amp;b"],
  ["a\nb\tc\rd", "a&#10;b&#9;c&#13;d"],
  ["nul\u0000", "nul\ufffd"],
  ["lone \ud800", "lone \ufffd"],
];

for (const [input, output] of ESCAPED) {
  Deno.test(`escapeXml() makes ${JSON.stringify(input)} harmless`, () => {
    assert.equal(escapeXml(input), output);
  });
}

Deno.test("renderXml() round trips any tree that XML can carry", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 })
    .filter((value) => escapeXml(value).indexOf("\ufffd") < 0);
  const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
    tree: fc.record({
      name,
      attributes: fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true }),
      // Either elements or one text: libvirt's documents have no mixed content.
      children: fc.oneof(
        { maxDepth: 4 },
        fc.constant([]),
        fc.array(text, { minLength: 1, maxLength: 1 }),
        fc.array(tie("tree"), { maxLength: 4 }),
      ),
    }, { noNullPrototype: true }),
  }));
  fc.assert(fc.property(tree, (root) => {
    assert.deepEqual(parseXml(renderXml(root)), root);
  }));
});

/** A parser of what the writer can produce: the examiner of the round trip. */
function parseXml(text: string): XmlElement {
  let at = 0;
  return parseElement();

  function parseElement(): XmlElement {
    const open = match(/<([a-z0-9_-]+)/y);
    const attributes: Record<string, string> = {};
    for (;;) {
      const attribute = tryMatch(/ ([a-z0-9_-]+)="([^"<]*)"/y);
      if (attribute === undefined) break;
      attributes[attribute[1] ?? ""] = unescape(attribute[2] ?? "");
    }
    const children: (XmlElement | string)[] = [];
    if (tryMatch(/\/>/y) !== undefined) return { name: open[1] ?? "", attributes, children };
    match(/>/y);
    while (tryMatch(/<\/[a-z0-9_-]+>/y) === undefined) {
      const blank = tryMatch(/\n *(?=<)/y);
      if (blank !== undefined) continue;
      if (text[at] === "<") children.push(parseElement());
      else children.push(unescape(match(/[^<]+/y)[0]));
    }
    return { name: open[1] ?? "", attributes, children };
  }

  function tryMatch(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return undefined;
    at += found[0].length;
    return found;
  }

  function match(pattern: RegExp): RegExpExecArray {
    const found = tryMatch(pattern);
    assert.ok(found, `expected ${pattern} at ${at}: ${text.slice(at, at + 40)}`);
    return found;
  }
}

function unescape(text: string): string {
  const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_all, code: string | undefined, name: string) => {
    return code === undefined ? names[name] ?? "?" : String.fromCharCode(Number(code));
  });
}
