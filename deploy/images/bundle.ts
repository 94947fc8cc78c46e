/**
 * Puts a program and all it imports into one JavaScript file. Not minified: the minifier takes a `using` whose value is read
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
}
