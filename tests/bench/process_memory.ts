/** Memory of processes, each page shared out among those that have it. */

/** Proportional set size. */
export async function proportionalBytes(pid: number): Promise<number> {
  return kilobytes(await Deno.readTextFile(`/proc/${pid}/smaps_rollup`), "Pss");
}

/** Of one mapping of exactly that size: a guest's memory in its VMM. */
export async function mappingBytes(pid: number, sizeBytes: number): Promise<number> {
  const smaps = await Deno.readTextFile(`/proc/${pid}/smaps`);
  // each mapping begins with its addresses in hexadecimal
  const mappings = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const found = mappings.filter((mapping) => kilobytes(mapping, "Size") === sizeBytes);
  return found.reduce((sum, mapping) => sum + kilobytes(mapping, "Pss"), 0);
}

function kilobytes(text: string, field: string): number {
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? NaN);
}

export async function nameOf(pid: number): Promise<string> {
  return (await Deno.readTextFile(`/proc/${pid}/comm`)).trim();
}
