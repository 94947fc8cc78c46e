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

Deno.test("bundle() keeps what disposes of a value that is read once", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const [entry, output] = [`${directory}/program.ts`, `${directory}/program.js`];
    await Deno.writeTextFile(entry, PROGRAM);
    await bundle(entry, output);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", output] }).output();
    assert.equal(new TextDecoder().decode(stdout), "disposed\nheld\n");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
