/** The files the dynamic linker loads for a program: what an image without a distribution must bring. */
export async function sharedLibraries(program: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("ldd", { args: [program] }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot list the libraries of ${program}: ${decoder.decode(stderr)}`);
  }
  const paths = decoder.decode(stdout).matchAll(/(?:=>\s+|^\s+)(\/\S+)/gm);
  return [...new Set([...paths].map((match) => match[1] ?? ""))].sort();
}
