/**
 * Memory of this process that nothing asks back for by itself. glibc keeps what was freed, for each thread apart, which after a burst
 * is many times what is in use; and of the program's code most that is mapped was needed by its start alone.
 */

const LIBRARY_NAME = "libc.so.6";
const MAPS = "/proc/self/maps";
/** Of mallopt(3). */
const M_ARENA_MAX = -8;
/** Of madvise(2). */
const MADV_DONTNEED = 4;

const symbols = {
  mallopt: { parameters: ["i32", "i32"], result: "i32" }, // int param, int value
  malloc_trim: { parameters: ["usize"], result: "i32", nonblocking: true }, // size_t pad
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32", nonblocking: true }, // void *addr, size_t length, int advice
} as const;

/** Addresses. */
interface Range {
  from: bigint;
  to: bigint;
}

export class ProcessMemory implements Disposable {
  #library: Deno.DynamicLibrary<typeof symbols> | undefined;
  #code: readonly Range[] | undefined;

  /**
   * Gives back what is free, and lets go of code: what is used of it is mapped again from the page cache, 16 pages at a time. Of
   * another C library than glibc nothing is asked.
   */
  async giveBack(): Promise<void> {
    this.#code ??= this.#prepare();
    if (this.#library === undefined) return;
    const { malloc_trim, madvise } = this.#library.symbols;
    // SAFETY: a number alone; it locks the allocator, so any thread may call it.
    await malloc_trim(0n);
    for (const { from, to } of this.#code) {
      // SAFETY: code that is mapped from the program's file and never written to, for as long as the process lives: a thread that
      // runs it meanwhile takes a page fault.
      await madvise(from, to - from, MADV_DONTNEED);
    }
  }

  #prepare(): Range[] {
    this.#library = opened();
    // SAFETY: numbers alone. Threads that have an arena of their own keep it; later ones share the first.
    this.#library?.symbols.mallopt(M_ARENA_MAX, 1);
    return codeRanges(Deno.readTextFileSync(MAPS));
  }

  [Symbol.dispose](): void {
    this.#library?.close();
  }
}

function opened(): Deno.DynamicLibrary<typeof symbols> | undefined {
  try {
    return Deno.dlopen(LIBRARY_NAME, symbols);
  } catch {
    return undefined;
  }
}

/** "FROM-TO r-xp OFFSET DEVICE INODE PATH": of the program itself. */
function codeRanges(maps: string): Range[] {
  const program = ` ${Deno.execPath()}`;
  return maps.split("\n").filter((line) => line.includes(" r-xp ") && line.endsWith(program))
    .flatMap((line) => {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? [];
      return from === undefined ? [] : [{ from: BigInt(`0x${from}`), to: BigInt(`0x${to}`) }];
    });
}
