/** A process that gives memory back, and says on stdout how much it had before and after, in bytes: {@link GivenBack}. */
import { ProcessMemory } from "../process_memory.ts";

export interface GivenBack {
  /** What is mapped of files: of code that the start alone needed. */
  code: Resident;
  /** With all but one of the pieces of 64 MiB freed, that one above them. */
  freed: Resident;
}

export interface Resident {
  before: number;
  after: number;
}

/** Small enough to be of the allocator's heap rather than mappings of their own. */
const PIECE_BYTES = 64 * 1024;
const PIECES = 1_024;

const libc = {
  malloc: { parameters: ["usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
  memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
} as const;

/** "Anon" or "File". */
function residentBytes(kind: string): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(new RegExp(`^Rss${kind}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? NaN);
}

async function resident(kind: string, memory: ProcessMemory): Promise<Resident> {
  const before = residentBytes(kind);
  await memory.giveBack();
  return { before, after: residentBytes(kind) };
}

async function freed(memory: ProcessMemory): Promise<Resident> {
  const library = Deno.dlopen("libc.so.6", libc);
  const { malloc, free, memset } = library.symbols;
  // SAFETY: each pointer is malloc's, of that size, and freed once.
  const pieces = Array.from({ length: PIECES }, () => malloc(BigInt(PIECE_BYTES)));
  for (const piece of pieces) memset(piece, 1, BigInt(PIECE_BYTES));
  const last = pieces.pop()!;
  for (const piece of pieces) free(piece);
  const told = await resident("Anon", memory);
  free(last);
  library.close();
  return told;
}

if (import.meta.main) {
  using memory = new ProcessMemory();
  const code = await resident("File", memory);
  const told: GivenBack = { code, freed: await freed(memory) };
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(told)));
}
