import assert from "node:assert/strict";
import { ProcessMemory } from "./process_memory.ts";

const MIB = 1024 * 1024;
/** Small enough to be of the allocator's heap rather than mappings of their own. */
const PIECE_BYTES = 64 * 1024;
const PIECES = 1_024;

const libc = {
  malloc: { parameters: ["usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
  memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
} as const;

/** "Anon" or "File". */
async function residentBytes(kind: string): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return 1024 * Number(new RegExp(`^Rss${kind}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? NaN);
}

Deno.test("ProcessMemory.giveBack() lets go of code that the start alone needed", async () => {
  using memory = new ProcessMemory();
  const before = await residentBytes("File");
  await memory.giveBack();
  const after = await residentBytes("File");
  assert.ok(after < before - 4 * MIB, `${before / MIB} MiB before, ${after / MIB} after`);
});

Deno.test("ProcessMemory.giveBack() gives back what was freed below what is in use", async () => {
  using memory = new ProcessMemory();
  const library = Deno.dlopen("libc.so.6", libc);
  const { malloc, free, memset } = library.symbols;
  // SAFETY: each pointer is malloc's, of that size, and freed once.
  const pieces = Array.from({ length: PIECES }, () => malloc(BigInt(PIECE_BYTES)));
  for (const piece of pieces) memset(piece, 1, BigInt(PIECE_BYTES));
  const last = pieces.pop()!;
  for (const piece of pieces) free(piece);
  const before = await residentBytes("Anon");
  await memory.giveBack();
  const given = before - await residentBytes("Anon");
  free(last);
  library.close();
  assert.ok(given > 32 * MIB, `gave back ${(given / MIB).toFixed(1)} MiB of 64`);
});
