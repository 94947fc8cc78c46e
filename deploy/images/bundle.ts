import { basename } from "node:path";

/**
 * Puts a program and all it imports into a directory of a few JavaScript files: the entry, under its own name, and beside it what is
 * imported while the program runs, so that a start parses no more than it needs. All are ASCII: a single character beyond
 * Latin-1 makes V8 keep all of a file's source with two bytes for each. Not minified: the minifier takes a `using` whose value is
 * read once for a constant and puts the value where it is read, so that nothing is disposed of.
 *
 * @param entry a .ts file
 * @param directory is made; the same sources give the same files in it
 * @returns the entry's path, then those of the others
 */
export async function bundle(
  entry: string,
  directory: string,
): Promise<readonly [string, ...string[]]> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "deno", "--code-splitting"],
      ...["--outdir", directory, entry],
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
  }
  const name = `${basename(entry, ".ts")}.js`;
  const others: string[] = [];
  for (const file of Deno.readDirSync(directory)) {
    const path = `${directory}/${file.name}`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace(/[^\0-\x7f]/g, escaped));
    if (file.name !== name) others.push(path);
  }
  return [`${directory}/${name}`, ...others.sort()];
}

/** As strings, patterns, templates and names may have it; in a comment it is of no matter. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
