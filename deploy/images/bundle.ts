/**
 * Puts a program and all it imports into one JavaScript file, in ASCII: a single character beyond Latin-1 makes V8 keep all of the
 * source with two bytes for each. Not minified: the minifier takes a `using` whose value is read
 * once for a constant and puts the value where it is read, so that nothing is disposed of.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "deno", "--output", output, entry],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
  }
  const text = await Deno.readTextFile(output);
  await Deno.writeTextFile(output, text.replace(/[^\0-\x7f]/g, escaped));
}

/** As strings, patterns, templates and names may have it; in a comment it is of no matter. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
