import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import type { DomainInput } from "./configurator.ts";
import { renderDomain } from "./render_domain.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_TESTDATA") === "1";

for (const { name } of [...Deno.readDirSync(TESTDATA)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith(".yaml") || name.endsWith(".refusals.yaml")) continue;
  Deno.test(`renderDomain() makes of ${name} what lies beside it`, () => {
    const input = parse(Deno.readTextFileSync(new URL(name, TESTDATA))) as DomainInput;
    const rendered = renderDomain(input);
    const [suffix, text] = "xml" in rendered
      ? [".xml", rendered.xml]
      : [".refusals.yaml", stringify(rendered.refusals)];
    const golden = new URL(name.replace(/\.yaml$/, suffix), TESTDATA);
    if (UPDATE) Deno.writeTextFileSync(golden, text);
    assert.equal(text, Deno.readTextFileSync(golden));
  });
}
