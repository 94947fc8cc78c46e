import assert from "node:assert/strict";
import { effectiveConfiguration } from "../kubevirt/configuration.ts";
import { vmi } from "../testing/builders.ts";
import { OVERHEAD_MIB, overheadBytes, PAGE_TABLE_SHARE } from "./overhead.ts";

const DOCUMENT = new URL("../../../docs/operations.md", import.meta.url);
const ROW = /^\|[^|]+\| `(\w+)` \| (\d+) \|/gm;

Deno.test("overheadBytes() has the terms that docs/operations.md publishes, at their sizes", async () => {
  const text = await Deno.readTextFile(DOCUMENT);
  const documented = Object.fromEntries(
    Array.from(text.matchAll(ROW), ([, term, mib]) => [term, Number(mib)]),
  );
  assert.deepEqual(documented, { ...OVERHEAD_MIB });
  assert.ok(text.includes(`1/${PAGE_TABLE_SHARE} of its memory`));
});

Deno.test("overheadBytes() comes to the sum of the example in docs/operations.md", async () => {
  const text = await Deno.readTextFile(DOCUMENT);
  const [, terms = "", sum] = /costs ([\d +]+) = (\d+) MiB/.exec(text) ?? [];
  const added = terms.split("+").reduce((total, term) => total + Number(term), 0);
  assert.equal(added, Number(sum));
  assert.equal(overheadBytes(vmi(), effectiveConfiguration(undefined)), added * 1024 * 1024);
});
