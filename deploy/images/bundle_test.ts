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

/** What the bundled program prints, and the texts of its files, the entry's first. */
async function bundled(
  program: string,
  modules: Record<string, string> = {},
): Promise<{ printed: string; texts: string[] }> {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries({ "program.ts": program, ...modules })) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    const files = await bundle(`${directory}/program.ts`, `${directory}/bundled`);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", files[0]],
    }).output();
    const texts = await Promise.all(files.map((path) => Deno.readTextFile(path)));
    return { printed: new TextDecoder().decode(stdout), texts };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("bundle() keeps what disposes of a value that is read once", async () => {
  assert.equal((await bundled(PROGRAM)).printed, "disposed\nheld\n");
});

Deno.test("bundle() writes ASCII that means the same", async () => {
  const { printed, texts } = await bundled(
    'const größe = "bo‘lishi"; console.log(größe, `€${/ж/.test("ж")}`, (await import("./smile.ts")).smile); // ж',
    { "smile.ts": 'export const smile = "😀";' },
  );
  assert.equal(printed, "bo‘lishi €true 😀\n");
  for (const text of texts) assert.match(text, /^[\0-\x7f]*$/);
});

Deno.test("bundle() leaves what is imported later in a file of its own", async () => {
  const { printed, texts } = await bundled(
    'console.log("early"); console.log((await import("./late.ts")).text);',
    { "late.ts": 'export const text = "late";' },
  );
  assert.equal(printed, "early\nlate\n");
  const [entry = "", ...others] = texts;
  assert.doesNotMatch(entry, /"late"/);
  assert.match(others.join(), /"late"/);
});
