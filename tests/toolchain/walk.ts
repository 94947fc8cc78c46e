/** All regular files at or below a path, sorted; symbolic links are not followed. */
export function walkSync(path: string): string[] {
  if (!Deno.lstatSync(path).isDirectory) return [path];
  const files: string[] = [];
  for (const entry of Deno.readDirSync(path)) {
    if (entry.isSymlink) continue;
    files.push(...walkSync(`${path}/${entry.name}`));
  }
  return files.sort();
}
