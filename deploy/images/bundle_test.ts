import assert from "node:assert/strict";
import { bundle } from "./bundle.ts";

const PROGRAM = `
function open(): Disposable | undefined {
  return { [Symbol.dispose]: () => console.log("disposed") };
}
async function look(): Promise<string> {
  using held = await Promise.resolve(open());
  return held === undefined ? "nothing" : "held";
}
console.log(await look());
`;

/** What the bundled program prints, and its text. */
async function bundled(program: string): Promise<{ printed: string; text: string }> {
  const directory = await Deno.makeTempDir();
  try {
    const [entry, output] = [`${directory}/program.ts`, `${directory}/program.js`];
    await Deno.writeTextFile(entry, program);
    await bundle(entry, output);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", output] }).output();
    const printed = new TextDecoder().decode(stdout);
    return { printed, text: await Deno.readTextFile(output) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("bundle() keeps what disposes of a value that is read once", async () => {
  assert.equal((await bundled(PROGRAM)).printed, "disposed\nheld\n");
});

Deno.test("bundle() writes ASCII that means the same", async () => {
  const { printed, text } = await bundled(
    'const größe = "bo‘lishi"; console.log(größe, `€${/ж/.test("ж")}`, "😀"); // ж',
  );
  assert.equal(printed, "bo‘lishi €true 😀\n");
  assert.match(text, /^[\0-\x7f]*$/);
});
