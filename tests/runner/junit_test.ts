import assert from "node:assert/strict";
import { countJunit } from "./junit.ts";

function testCase(name: string, content = ""): string {
  return `<testcase name="${name}" classname="./a_test.ts" time="0.003" line="1" col="6">${content}</testcase>`;
}

Deno.test("countJunit() counts tests without steps", () => {
  const xml = testCase("one") + testCase("two", '<failure message="x">x</failure>') +
    testCase("three &amp; four", "<skipped/>");
  assert.deepEqual(countJunit(xml), {
    passed: 1,
    failed: 1,
    skipped: ["./a_test.ts: three & four"],
    failures: ["./a_test.ts: two\n  x"],
  });
});

Deno.test("countJunit() counts steps in the place of their test", () => {
  const xml = testCase("one", "<failure/>") + testCase("one &gt; first") +
    testCase("one &gt; second", "<failure/>");
  assert.deepEqual(countJunit(xml), {
    passed: 1,
    failed: 1,
    skipped: [],
    failures: ["./a_test.ts: one > second"],
  });
});

Deno.test("countJunit() counts a test that failed beside its steps", () => {
  const xml = testCase("one", "<failure/>") + testCase("one &gt; first");
  assert.deepEqual(countJunit(xml), {
    passed: 1,
    failed: 1,
    skipped: [],
    failures: ["./a_test.ts: one"],
  });
});

Deno.test("countJunit() tells the first lines of a reason", () => {
  const reason = Array.from({ length: 100 }, (_, line) => `line ${line} &lt;here&gt;`).join("\n");
  const { failures } = countJunit(testCase("one", `<failure message="x">${reason}</failure>`));
  const lines = failures[0]?.split("\n") ?? [];
  assert.deepEqual(lines.slice(0, 2), ["./a_test.ts: one", "  line 0 <here>"]);
  assert.equal(lines.length, 26);
});
